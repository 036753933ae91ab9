-- An effect outside the database cannot be written in its own transaction: its entry comes first, without a result.

alter table tool_effects alter column result drop not null;
comment on table tool_effects is 'Each effect of a tool: written in its transaction, so that it happens once; or before one that is made elsewhere, so that it happens once at most.';
comment on column tool_effects.result is 'What came of it, masked; null for one that was begun elsewhere and of which nothing more is known.';
