-- What others may read of this database. JSON comes as text, so that no driver parses it and rounds its numbers.
CREATE SCHEMA published;
--> statement-breakpoint
CREATE VIEW published.event_log AS
SELECT position, id, kind, stream_id, stream_type, version, type, schema_version, data::text AS data, personal::text AS personal,
       metadata::text AS metadata, occurred_at, recorded_at
  FROM clientele.events;
--> statement-breakpoint
CREATE VIEW published.log_head AS SELECT incarnation, position FROM clientele.log_head;
--> statement-breakpoint
-- `day` is the UTC day that the id begins with; a search by id that names it looks into one partition only.
CREATE VIEW published.ledger AS
SELECT command_id, day, command_type, provider, source, outcome, reason, errors::text AS errors, aggregate_id, repeats, received_at, decided_at
  FROM clientele.ledger;
--> statement-breakpoint
-- One row a source, and the total, whose source is null; `outcomes` is {outcome: rows}. `in_flight` and `position` are of the whole and
-- stand in every row. All from one moment. `accepted` includes `lost`, which belong to the source ''.
CREATE VIEW published.accounting AS
WITH known AS (
  SELECT source, sum(accepted) AS accepted, sum(lost) AS lost, sum(repeats) AS repeats, sum(rows) AS rows
    FROM (
      SELECT source, accepted + lost AS accepted, lost, repeats, 0 AS rows FROM clientele.accepted_counts
      UNION ALL SELECT source, 0, 0, 0, rows FROM clientele.ledger_counts
    ) counted
   GROUP BY GROUPING SETS ((source), ())
), outcomes AS (
  SELECT source, json_object_agg(outcome, rows) AS outcomes
    FROM (SELECT source, outcome, sum(rows) AS rows FROM clientele.ledger_counts GROUP BY GROUPING SETS ((source, outcome), (outcome))) summed
   GROUP BY source
)
SELECT k.source, coalesce(k.accepted, 0)::bigint AS accepted, coalesce(k.lost, 0)::bigint AS lost, coalesce(k.repeats, 0)::bigint AS repeats,
       coalesce(o.outcomes, '{}')::jsonb AS outcomes, coalesce(k.accepted - k.repeats - k.rows, 0)::bigint AS unaccounted,
       (SELECT coalesce(sum(pending), 0) FROM clientele.lane_checkpoints)::bigint AS in_flight,
       (SELECT position FROM clientele.log_head) AS position
  FROM known k LEFT JOIN outcomes o ON o.source IS NOT DISTINCT FROM k.source;
