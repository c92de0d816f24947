"""The system on one machine: set-up, embedded servers, supervisor."""
