-- Each request is of a View of its own: a template from a file, with a period that nobody had before.
-- wrk -s benchmarks/peers.lua URL -- TEMPLATES SEED FIRST_DAY DAYS
local templates, first, span = {}, 0, 0

function init(args)
  for line in io.lines(args[1]) do
    templates[#templates + 1] = line
  end
  math.randomseed(tonumber(args[2]))
  first, span = tonumber(args[3]), tonumber(args[4])
end

local function day(number)
  return os.date("!%Y-%m-%d", number * 86400)
end

function request()
  local from = first + math.random(0, math.floor(span * 0.7))
  local to = from + math.random(20, math.floor(span * 0.3))
  local path = templates[math.random(#templates)]:gsub("FROM", day(from)):gsub("TO", day(to))
  return wrk.format("GET", path)
end

function done(summary, latency)
  local errors = summary.errors
  io.write(
    string.format(
      '\n{"seconds":%f,"requests":%d,"errors":%d,"p50_ms":%f,"p99_ms":%f}\n',
      summary.duration / 1e6,
      summary.requests,
      errors.status + errors.connect + errors.read + errors.write + errors.timeout,
      latency:percentile(50) / 1e3,
      latency:percentile(99) / 1e3
    )
  )
end
