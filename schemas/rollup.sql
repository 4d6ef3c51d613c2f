/* ramptrace rollup, first step: events -> one row per (run_id, stage).
   Input: a table or view named events (schemas/events.txt). One statement in a
   subset that polars, DuckDB, DataFusion, Sail and Spark read alike: no window,
   no join, no timestamp arithmetic.

   Values of 64 bits are added up as DECIMAL(38, 0) and the sum is cast back: a
   SUM of BIGINT wraps on polars, DataFusion and Sail, the cast is an error on
   every engine. Flags and counts of rows stay BIGINT. Money is DECIMAL(38, 9).

   stage = -1 gathers what happens outside stages (run_start, run_end, totals).
   coarse counts rows of sources without single events: for them, what is not
   there is unknown (NULL), not zero. The counts named *_known say how many
   values a sum has; the second step needs them, since a stage without calls has
   a sum of 0 and a run is not known for that. The rows of a run are numbered
   from 0 by seq: more events than last_seq + 1 are a run that is there twice.
   The second step, rollup_runs.sql, folds these rows to one row per run.      */
WITH rows_of_stage AS (
  SELECT
    run_id, workload, model, provider, agent, protocol, seq,
    COALESCE(stage, -1) AS stage, attempt, ts, offset_us,
    CAST(FLOOR(duration_ms * 1000.0 + 0.5) AS BIGINT) AS duration_us,
    input_tokens, cache_read_tokens, cache_write_tokens, output_tokens, reasoning_tokens, reported_total_tokens, cost_usd,
    CASE WHEN kind = 'stage_result' THEN score END AS score,
    CASE WHEN kind = 'stage_result' THEN stage_status END AS stage_status,
    CASE WHEN kind = 'stage_result' THEN tests_passed END AS tests_passed,
    CASE WHEN kind = 'stage_result' THEN tests_total END AS tests_total,
    CASE WHEN kind = 'stage_result' OR kind = 'run_end' THEN end_reason END AS end_reason,
    CASE WHEN kind = 'stage_result' OR kind = 'run_end' THEN elapsed_s END AS elapsed_s,
    identical_streak, exit_code, tool_kind, tool_status,
    CASE WHEN usage_quality = 'aggregate' THEN 1 ELSE 0 END AS is_coarse,
    CASE WHEN kind = 'llm_call' AND error_type IS NULL THEN 1 ELSE 0 END AS is_answer,
    CASE WHEN kind = 'llm_call' AND error_type IS NOT NULL THEN 1 ELSE 0 END AS is_failure,
    CASE WHEN kind = 'tool_call' THEN 1 ELSE 0 END AS is_tool,
    CASE WHEN kind = 'llm_call' AND usage_quality = 'aggregate' THEN llm_call_count
         WHEN kind = 'llm_call' THEN 1 END AS calls
  FROM events
),
folded AS (
  SELECT
    run_id,
    stage,
    MIN(workload) AS workload,
    MIN(model) AS model,
    MIN(provider) AS provider,
    MIN(agent) AS agent,
    MIN(protocol) AS protocol,
    COUNT(seq) AS events,
    MAX(seq) AS last_seq,
    SUM(CAST(is_coarse AS BIGINT)) AS coarse,
    MAX(attempt) AS attempts,
    MAX(score) AS score,
    MAX(stage_status) AS stage_status,
    MAX(end_reason) AS end_reason,
    MAX(tests_passed) AS tests_passed,
    MAX(tests_total) AS tests_total,
    MAX(elapsed_s) AS elapsed_s,
    SUM(CAST(CASE WHEN is_answer = 1 THEN calls END AS DECIMAL(38, 0))) AS answers,
    COUNT(CASE WHEN is_answer = 1 THEN calls END) AS answers_known,
    SUM(CAST(CASE WHEN is_failure = 1 THEN calls END AS DECIMAL(38, 0))) AS failures,
    COUNT(CASE WHEN is_failure = 1 THEN calls END) AS failures_known,
    SUM(CAST(input_tokens AS DECIMAL(38, 0))) AS input_tokens, COUNT(input_tokens) AS input_known,
    SUM(CAST(cache_read_tokens AS DECIMAL(38, 0))) AS cache_read_tokens, COUNT(cache_read_tokens) AS cache_read_known,
    SUM(CAST(cache_write_tokens AS DECIMAL(38, 0))) AS cache_write_tokens, COUNT(cache_write_tokens) AS cache_write_known,
    SUM(CAST(output_tokens AS DECIMAL(38, 0))) AS output_tokens, COUNT(output_tokens) AS output_known,
    SUM(CAST(reasoning_tokens AS DECIMAL(38, 0))) AS reasoning_tokens, COUNT(reasoning_tokens) AS reasoning_known,
    SUM(CAST(reported_total_tokens AS DECIMAL(38, 0))) AS reported_total_tokens, COUNT(reported_total_tokens) AS reported_total_known,
    SUM(cost_usd) AS cost_usd, COUNT(cost_usd) AS cost_known,
    COUNT(CASE WHEN is_answer = 1 AND is_coarse = 0 THEN cost_usd END) AS priced_calls,
    COUNT(CASE WHEN is_answer = 1 AND is_coarse = 0 THEN 1 END) AS single_answers,
    SUM(CAST(is_tool AS BIGINT)) AS tool_calls,
    COUNT(CASE WHEN is_tool = 1 AND tool_status = 'error' THEN 1 END) AS tool_errors,
    COUNT(CASE WHEN is_tool = 1 AND tool_kind = 'shell' THEN 1 END) AS commands,
    COUNT(CASE WHEN is_tool = 1 AND exit_code <> 0 THEN 1 END) AS nonzero_exits,
    MAX(CASE WHEN is_coarse = 0 THEN input_tokens END) AS peak_input_tokens,
    MAX(identical_streak) AS max_identical_run,
    MIN(ts) AS first_ts,
    MAX(ts) AS last_ts,
    MIN(offset_us) AS first_us,
    MAX(CAST(offset_us AS DECIMAL(38, 0)) + COALESCE(duration_us, 0)) AS end_us,
    SUM(CAST(CASE WHEN is_answer = 1 THEN duration_us END AS DECIMAL(38, 0))) AS llm_us,
    COUNT(CASE WHEN is_answer = 1 THEN duration_us END) AS llm_us_known,
    SUM(CAST(CASE WHEN is_tool = 1 THEN duration_us END AS DECIMAL(38, 0))) AS tool_us,
    COUNT(CASE WHEN is_tool = 1 THEN duration_us END) AS tool_us_known
  FROM rows_of_stage
  GROUP BY run_id, stage
)
SELECT
  run_id,
  workload,
  model,
  provider,
  agent,
  protocol,
  CAST(stage AS BIGINT) AS stage,
  CAST(events AS BIGINT) AS events,
  CAST(coarse AS BIGINT) AS coarse,
  CAST(attempts AS BIGINT) AS attempts,
  score,
  stage_status,
  CAST(tests_passed AS BIGINT) AS tests_passed,
  CAST(tests_total AS BIGINT) AS tests_total,
  CAST(CASE WHEN answers_known > 0 THEN answers WHEN coarse = 0 THEN 0 END AS BIGINT) AS llm_calls,
  CAST(CASE WHEN failures_known > 0 THEN failures WHEN coarse = 0 THEN 0 END AS BIGINT) AS failed_llm_calls,
  CAST(CASE WHEN input_known > 0 THEN input_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS input_tokens,
  CAST(CASE WHEN cache_read_known > 0 THEN cache_read_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS cache_read_tokens,
  CAST(CASE WHEN cache_write_known > 0 THEN cache_write_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS cache_write_tokens,
  CAST(CASE WHEN output_known > 0 THEN output_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS output_tokens,
  CAST(CASE WHEN reasoning_known > 0 THEN reasoning_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS reasoning_tokens,
  CAST(CASE WHEN input_known > 0 THEN input_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END
       + CASE WHEN output_known > 0 THEN output_tokens WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS total_tokens,
  CAST(CASE WHEN reported_total_known > 0 THEN reported_total_tokens END AS BIGINT) AS reported_total_tokens,
  CAST(CASE WHEN coarse = 0 OR single_answers > 0 THEN priced_calls END AS BIGINT) AS priced_calls,
  CAST(CASE WHEN cost_known > 0 THEN cost_usd END AS DECIMAL(38, 9)) AS cost_usd,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN tool_calls END AS BIGINT) AS tool_calls,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN tool_errors END AS BIGINT) AS tool_errors,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN commands END AS BIGINT) AS commands,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN nonzero_exits END AS BIGINT) AS nonzero_exits,
  CAST(peak_input_tokens AS BIGINT) AS peak_input_tokens,
  CAST(CASE WHEN max_identical_run > 0 THEN max_identical_run WHEN coarse = 0 AND tool_calls = 0 THEN 0 END AS BIGINT) AS max_identical_run,
  first_ts,
  last_ts,
  CAST(first_us AS BIGINT) AS first_us,
  CAST(end_us AS BIGINT) AS end_us,
  elapsed_s,
  CAST(CASE WHEN llm_us_known > 0 THEN llm_us WHEN coarse = 0 AND answers_known = 0 THEN 0 END AS BIGINT) AS llm_us,
  CAST(CASE WHEN tool_us_known > 0 THEN tool_us WHEN coarse = 0 AND tool_calls = 0 THEN 0 END AS BIGINT) AS tool_us,
  end_reason,
  CAST(single_answers AS BIGINT) AS single_answers,
  CAST(answers_known AS BIGINT) AS answers_known,
  CAST(failures_known AS BIGINT) AS failures_known,
  CAST(input_known AS BIGINT) AS input_known,
  CAST(cache_read_known AS BIGINT) AS cache_read_known,
  CAST(cache_write_known AS BIGINT) AS cache_write_known,
  CAST(output_known AS BIGINT) AS output_known,
  CAST(reasoning_known AS BIGINT) AS reasoning_known,
  CAST(llm_us_known AS BIGINT) AS llm_us_known,
  CAST(tool_us_known AS BIGINT) AS tool_us_known,
  CAST(last_seq AS BIGINT) AS last_seq
FROM folded
