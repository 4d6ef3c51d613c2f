/* ramptrace rollup, second step: rows of rollup.sql -> one row per run.
   Input: a table or view named stage_rows, stage -1 included. A sum over values
   of which none is known is NULL (polars would make it zero), unless there was nothing to sum.
   Sums and casts are those of rollup.sql, for the same reasons.
   Seconds are rounded to the microsecond they come from: engines divide by a
   constant in more than one way, with different last bits.                     */
WITH folded AS (
  SELECT
    run_id,
    MIN(workload) AS workload,
    MIN(model) AS model,
    MIN(provider) AS provider,
    MIN(agent) AS agent,
    MIN(protocol) AS protocol,
    MIN(first_ts) AS started_at,
    COUNT(CASE WHEN stage >= 0 THEN 1 END) AS stages,
    SUM(CAST(events AS BIGINT)) AS events,
    SUM(coarse) AS coarse,
    SUM(CAST(llm_calls AS DECIMAL(38, 0))) AS llm_calls, SUM(answers_known) AS llm_calls_known,
    SUM(CAST(failed_llm_calls AS DECIMAL(38, 0))) AS failed_llm_calls, SUM(failures_known) AS failed_llm_calls_known,
    SUM(CAST(input_tokens AS DECIMAL(38, 0))) AS input_tokens, SUM(input_known) AS input_tokens_known,
    SUM(CAST(cache_read_tokens AS DECIMAL(38, 0))) AS cache_read_tokens, SUM(cache_read_known) AS cache_read_tokens_known,
    SUM(CAST(cache_write_tokens AS DECIMAL(38, 0))) AS cache_write_tokens, SUM(cache_write_known) AS cache_write_tokens_known,
    SUM(CAST(output_tokens AS DECIMAL(38, 0))) AS output_tokens, SUM(output_known) AS output_tokens_known,
    SUM(CAST(reasoning_tokens AS DECIMAL(38, 0))) AS reasoning_tokens, SUM(reasoning_known) AS reasoning_tokens_known,
    SUM(CAST(reported_total_tokens AS DECIMAL(38, 0))) AS reported_total_tokens, COUNT(reported_total_tokens) AS reported_total_tokens_known,
    SUM(COALESCE(priced_calls, 0)) AS priced_calls, SUM(single_answers) AS single_answers,
    SUM(cost_usd) AS cost_usd, COUNT(cost_usd) AS cost_usd_known,
    SUM(COALESCE(tool_calls, 0)) AS tool_calls,
    SUM(COALESCE(tool_errors, 0)) AS tool_errors,
    SUM(COALESCE(commands, 0)) AS commands,
    SUM(COALESCE(nonzero_exits, 0)) AS nonzero_exits,
    SUM(CAST(llm_us AS DECIMAL(38, 0))) AS llm_us, SUM(llm_us_known) AS llm_us_known,
    SUM(CAST(tool_us AS DECIMAL(38, 0))) AS tool_us, SUM(tool_us_known) AS tool_us_known,
    MAX(peak_input_tokens) AS peak_input_tokens,
    MAX(max_identical_run) AS max_identical_run,
    MAX(last_ts) AS last_ts,
    MIN(first_us) AS first_us,
    MAX(end_us) AS end_us,
    MAX(CASE WHEN stage = -1 THEN elapsed_s END) AS elapsed_s,
    MAX(CASE WHEN stage = -1 THEN end_reason END) AS termination
  FROM stage_rows
  GROUP BY run_id
)
SELECT
  run_id,
  workload,
  model,
  provider,
  agent,
  protocol,
  started_at,
  CAST(stages AS BIGINT) AS stages,
  CAST(events AS BIGINT) AS events,
  CAST(CASE WHEN llm_calls_known > 0 THEN llm_calls WHEN coarse = 0 THEN 0 END AS BIGINT) AS llm_calls,
  CAST(CASE WHEN failed_llm_calls_known > 0 THEN failed_llm_calls WHEN coarse = 0 THEN 0 END AS BIGINT) AS failed_llm_calls,
  CAST(CASE WHEN input_tokens_known > 0 THEN input_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS input_tokens,
  CAST(CASE WHEN cache_read_tokens_known > 0 THEN cache_read_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS cache_read_tokens,
  CAST(CASE WHEN cache_write_tokens_known > 0 THEN cache_write_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS cache_write_tokens,
  CAST(CASE WHEN output_tokens_known > 0 THEN output_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS output_tokens,
  CAST(CASE WHEN reasoning_tokens_known > 0 THEN reasoning_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS reasoning_tokens,
  CAST(CASE WHEN input_tokens_known > 0 THEN input_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END
       + CASE WHEN output_tokens_known > 0 THEN output_tokens WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS BIGINT) AS total_tokens,
  CAST(CASE WHEN reported_total_tokens_known > 0 THEN reported_total_tokens END AS BIGINT) AS reported_total_tokens,
  CAST(CASE WHEN coarse = 0 OR single_answers > 0 THEN priced_calls END AS BIGINT) AS priced_calls,
  CAST(CASE WHEN cost_usd_known > 0 THEN cost_usd END AS DECIMAL(38, 9)) AS cost_usd,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN tool_calls END AS BIGINT) AS tool_calls,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN tool_errors END AS BIGINT) AS tool_errors,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN commands END AS BIGINT) AS commands,
  CAST(CASE WHEN coarse = 0 OR tool_calls > 0 THEN nonzero_exits END AS BIGINT) AS nonzero_exits,
  CAST(peak_input_tokens AS BIGINT) AS peak_input_tokens,
  CAST(CASE WHEN max_identical_run > 0 THEN max_identical_run WHEN coarse = 0 AND tool_calls = 0 THEN 0 END AS BIGINT) AS max_identical_run,
  started_at AS first_ts,
  last_ts,
  ROUND(CAST(CAST(end_us AS DECIMAL(38, 0)) - first_us AS DOUBLE) / 1000000.0, 6) AS wall_s,
  elapsed_s,
  ROUND(CAST(CASE WHEN llm_us_known > 0 THEN llm_us WHEN coarse = 0 AND llm_calls_known = 0 THEN 0 END AS DOUBLE) / 1000000.0, 6) AS llm_s,
  ROUND(CAST(CASE WHEN tool_us_known > 0 THEN tool_us WHEN coarse = 0 AND tool_calls = 0 THEN 0 END AS DOUBLE) / 1000000.0, 6) AS tool_s,
  termination
FROM folded
