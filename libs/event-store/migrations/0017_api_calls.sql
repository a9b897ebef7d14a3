CREATE TABLE "clientele"."api_calls" (
	"source" text NOT NULL,
	"hour" timestamp with time zone NOT NULL,
	"lane" text NOT NULL,
	"calls" bigint NOT NULL,
	CONSTRAINT "api_calls_pkey" PRIMARY KEY("source","hour","lane")
);
--> statement-breakpoint
ALTER TABLE "clientele"."sources" ADD COLUMN "quota_max" bigint;--> statement-breakpoint
ALTER TABLE clientele.api_calls SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);
--> statement-breakpoint
-- Counts calls to a connected source's API, unless those of the last 24 hours would come to more than p_most (null: without a bound). The
-- source's row is locked, so that of several processes none spends what another has just spent. Hours count until their last minute is a day
-- old.
CREATE FUNCTION clientele.spend_calls(p_source text, p_lane text, p_calls bigint, p_most bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_hour constant timestamptz := date_trunc('hour', clock_timestamp(), 'UTC');
  v_spent bigint;
BEGIN
  PERFORM FROM clientele.sources WHERE source = p_source FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'source % is not connected', p_source;
  END IF;
  IF p_most IS NOT NULL THEN
    SELECT coalesce(sum(calls), 0) INTO v_spent FROM clientele.api_calls WHERE source = p_source AND hour > clock_timestamp() - interval '25 hours';
    IF v_spent + p_calls > p_most THEN
      RETURN false;
    END IF;
  END IF;
  INSERT INTO clientele.api_calls AS a (source, hour, lane, calls) VALUES (p_source, v_hour, p_lane, p_calls)
  ON CONFLICT (source, hour, lane) DO UPDATE SET calls = a.calls + excluded.calls;
  DELETE FROM clientele.api_calls WHERE source = p_source AND hour < v_hour - interval '48 hours';
  RETURN true;
END $$;
--> statement-breakpoint
-- Makes due at once what a reader took and left, because it ended: for the one that follows it. Answers how many.
CREATE FUNCTION clientele.release_reads(p_source text) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_released integer;
BEGIN
  PERFORM FROM clientele.log_head FOR UPDATE;
  UPDATE clientele.reads SET state = 'open', attempts = attempts - 1, taken_at = NULL, taken_until = NULL WHERE source = p_source AND state = 'taken';
  GET DIAGNOSTICS v_released = ROW_COUNT;
  RETURN v_released;
END $$;
--> statement-breakpoint
REVOKE ALL ON FUNCTION clientele.spend_calls, clientele.release_reads FROM PUBLIC;
GRANT EXECUTE ON FUNCTION clientele.spend_calls, clientele.release_reads TO clientele_command;
GRANT SELECT ON clientele.api_calls TO clientele_command;
