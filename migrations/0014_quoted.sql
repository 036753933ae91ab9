-- What others wrote stays in a conversation: its later turns read it as history, so they know where it came from.

alter table chat_sessions add column quoted text[] not null default '{}';
comment on column chat_sessions.quoted is 'What has brought text into the conversation that its user did not write: names of tools, or stored texts.';
