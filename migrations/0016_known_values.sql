-- The newest values of a user's vault are read while its texts are masked.

create index pii_vault_newest on pii_vault (user_id, created_at);
