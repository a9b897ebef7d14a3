-- What waits tells how often it was taken up again, and when it is next.
CREATE OR REPLACE VIEW published.ledger AS
SELECT command_id, day, command_type, provider, source, outcome, reason, errors::text AS errors, aggregate_id, repeats, received_at, decided_at,
       attempts, next_attempt_at
  FROM clientele.ledger;
