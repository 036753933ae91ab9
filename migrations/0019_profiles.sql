-- What a user has not said is null: the currency and the time zone had defaults that nobody chose. A profile also has a locale and
-- the name to call the user by. The name is stored as a placeholder of the vault, so the column with unmasked names goes; only the
-- demo user had one.

alter table profiles
    alter column currency drop not null,
    alter column currency drop default,
    alter column time_zone drop not null,
    alter column time_zone drop default,
    drop column display_name,
    add column name text check (name ~ '^\[PERSON_[0-9A-Z]{6}\]$'),
    add column locale text check (locale ~ '^[A-Za-z0-9-]{2,35}$');
comment on table profiles is 'What a user has said about themself: the defaults of a question that names no currency, time zone or locale.';
comment on column profiles.name is 'The placeholder of the name to call the user by; pii_vault holds the name.';
comment on column profiles.locale is 'A BCP 47 tag, such as en-GB.';
comment on column profiles.time_zone is 'An IANA name, such as Europe/Berlin; null means UTC.';
