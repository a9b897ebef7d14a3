-- Changes of feeds are accounted for apart from answers to reads and from orders about other commands: every command has its ledger row, but
-- only the first are what a sender counts.
CREATE FUNCTION clientele.command_kind(command_type text) RETURNS text
LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE command_type WHEN 'RecordRead' THEN 'read'
                           WHEN 'RedriveParked' THEN 'order' WHEN 'EditParked' THEN 'order' WHEN 'DiscardParked' THEN 'order' ELSE 'change' END
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION clientele.count_ledger_inserts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, kind, outcome, rows)
  SELECT coalesce(source, ''), clientele.command_kind(command_type), outcome, count(*) FROM inserted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (source, kind, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION clientele.count_ledger_deletes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, kind, outcome, rows)
  SELECT coalesce(source, ''), clientele.command_kind(command_type), outcome, -count(*) FROM deleted GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
  ON CONFLICT (source, kind, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION clientele.count_ledger_updates() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, kind, outcome, rows)
  SELECT source, kind, outcome, sum(n) FROM (
    SELECT coalesce(source, '') AS source, clientele.command_kind(command_type) AS kind, outcome, 1 AS n FROM updated
    UNION ALL SELECT coalesce(source, ''), clientele.command_kind(command_type), outcome, -1 FROM outdated
  ) moved GROUP BY 1, 2, 3 HAVING sum(n) <> 0 ORDER BY 1, 2, 3
  ON CONFLICT (source, kind, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- As before of the changes of feeds: one row a source, and the total, whose source is null; `outcomes` is {outcome: rows}. `reads` and `orders`
-- are the other commands, each with its row, and are not part of `accepted`, which is counted for all commands alike: one of those whose row is
-- gone shows as a change that is not accounted for.
CREATE OR REPLACE VIEW published.accounting AS
WITH known AS (
  SELECT source, sum(accepted) AS accepted, sum(lost) AS lost, sum(repeats) AS repeats, sum(rows) AS rows, sum(reads) AS reads, sum(orders) AS orders
    FROM (
      SELECT source, accepted + lost AS accepted, lost, repeats, 0 AS rows, 0 AS reads, 0 AS orders FROM clientele.accepted_counts
      UNION ALL
      SELECT source, 0, 0, 0, rows, CASE kind WHEN 'read' THEN rows ELSE 0 END, CASE kind WHEN 'order' THEN rows ELSE 0 END FROM clientele.ledger_counts
    ) counted
   GROUP BY GROUPING SETS ((source), ())
), outcomes AS (
  SELECT source, json_object_agg(outcome, rows) AS outcomes
    FROM (
      SELECT source, outcome, sum(rows) AS rows FROM clientele.ledger_counts WHERE kind = 'change' GROUP BY GROUPING SETS ((source, outcome), (outcome))
    ) summed
   GROUP BY source
)
SELECT k.source, coalesce(k.accepted - k.reads - k.orders, 0)::bigint AS accepted, coalesce(k.lost, 0)::bigint AS lost,
       coalesce(k.repeats, 0)::bigint AS repeats, coalesce(o.outcomes, '{}')::jsonb AS outcomes,
       coalesce(k.accepted - k.repeats - k.rows, 0)::bigint AS unaccounted,
       (SELECT coalesce(sum(pending), 0) FROM clientele.lane_checkpoints)::bigint AS in_flight,
       (SELECT position FROM clientele.log_head) AS position,
       coalesce(k.reads, 0)::bigint AS reads, coalesce(k.orders, 0)::bigint AS orders
  FROM known k LEFT JOIN outcomes o ON o.source IS NOT DISTINCT FROM k.source;
