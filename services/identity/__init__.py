"""Identity: users, their sessions, and the tokens that speak for them.

owns      users, sessions and refresh tokens (PostgreSQL schema `identity`); the key that signs tokens
calls     nobody
emits     nothing
promises  no password and no refresh token is stored, only hashes; a refresh token works once, and its second use ends
          the session; an unknown user takes as long to refuse as a wrong password
"""
