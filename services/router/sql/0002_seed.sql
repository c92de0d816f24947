-- What a new broker starts with: the house takes everything.

INSERT INTO rule_version (rule_id, version, enabled, priority, book, author, approver, approved_at, effective_at)
VALUES ('all-to-b', 1, true, 1000, 'B', 'seed', 'release', now(), '2000-01-01 00:00:00+00');
