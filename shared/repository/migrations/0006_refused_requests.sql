-- Refused requests are recorded up to a number per principal, kind and hour: this is how they are counted.
create index audit_event_refused on audit_event (principal_id, action, at)
  where starts_with(action, 'refused.');
