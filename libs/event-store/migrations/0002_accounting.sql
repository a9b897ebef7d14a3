-- The counters follow the ledger by themselves, whoever writes it: what is inserted counts, what is deleted counts no more, what moves
-- from one outcome to another moves. Repeats that were counted stay counted when their row is deleted.
CREATE FUNCTION clientele.count_ledger_inserts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, outcome, rows)
  SELECT coalesce(source, ''), outcome, count(*) FROM inserted GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (source, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION clientele.count_ledger_deletes() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, outcome, rows)
  SELECT coalesce(source, ''), outcome, -count(*) FROM deleted GROUP BY 1, 2 ORDER BY 1, 2
  ON CONFLICT (source, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE FUNCTION clientele.count_ledger_updates() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  INSERT INTO clientele.ledger_counts AS c (source, outcome, rows)
  SELECT source, outcome, sum(n) FROM (
    SELECT coalesce(source, '') AS source, outcome, 1 AS n FROM updated
    UNION ALL SELECT coalesce(source, ''), outcome, -1 FROM outdated
  ) moved GROUP BY 1, 2 HAVING sum(n) <> 0 ORDER BY 1, 2
  ON CONFLICT (source, outcome) DO UPDATE SET rows = c.rows + excluded.rows;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_inserts AFTER INSERT ON clientele.ledger REFERENCING NEW TABLE AS inserted
  FOR EACH STATEMENT EXECUTE FUNCTION clientele.count_ledger_inserts();
--> statement-breakpoint
CREATE TRIGGER count_deletes AFTER DELETE ON clientele.ledger REFERENCING OLD TABLE AS deleted
  FOR EACH STATEMENT EXECUTE FUNCTION clientele.count_ledger_deletes();
--> statement-breakpoint
CREATE TRIGGER count_updates AFTER UPDATE ON clientele.ledger REFERENCING OLD TABLE AS outdated NEW TABLE AS updated
  FOR EACH STATEMENT EXECUTE FUNCTION clientele.count_ledger_updates();
