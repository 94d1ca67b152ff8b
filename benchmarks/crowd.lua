-- A crowd's mix of requests, with the time of each face apart.
-- wrk -s benchmarks/crowd.lua URL -- TEMPLATES SEED FIRST_DAY DAYS
-- A line of the file is: SHARE FACE PATH. FROM and TO in a path become a period of its own.
-- A connection does not say which request it answers, so each carries its face and its time as an id,
-- which the service sends back.
local ffi = require("ffi")
ffi.cdef([[
  typedef struct { long sec; long usec; } instant;
  int gettimeofday(instant *now, void *zone);
]])
local now, threads = ffi.new("instant"), {}
local lines, first, span, sum = {}, 0, 0, 0
counts, refused, wrong = {}, {}, {} -- what `done` reads from each thread

local function microseconds()
  ffi.C.gettimeofday(now, nil)
  return tonumber(now.sec) * 1e6 + tonumber(now.usec)
end

function setup(thread)
  threads[#threads + 1] = thread
  thread:set("number", #threads)
end

function init(args)
  for line in io.lines(args[1]) do
    local share, face, path = line:match("^(%S+) (%S+) (.+)$")
    sum = sum + tonumber(share)
    lines[#lines + 1] = { upto = sum, face = face, path = path }
  end
  math.randomseed(tonumber(args[2]) + number)
  first, span = tonumber(args[3]), tonumber(args[4])
end

local function day(at)
  return os.date("!%Y-%m-%d", at * 86400)
end

function request()
  local place, line = math.random() * sum, lines[1]
  for _, each in ipairs(lines) do
    line = each
    if place <= each.upto then
      break
    end
  end
  local from = first + math.random(0, math.floor(span * 0.7))
  local to = from + math.random(20, math.floor(span * 0.3))
  local path = line.path:gsub("FROM", day(from)):gsub("TO", day(to))
  local id = string.format("%s-%.0f", line.face, microseconds())
  return wrk.format("GET", path, { ["X-Request-ID"] = id, ["Accept-Encoding"] = "gzip" })
end

function response(status, headers)
  local id = headers["x-request-id"] or headers["X-Request-ID"] or ""
  local face, began = id:match("^(%a+)-(%d+)$")
  if face == nil then
    wrong.unknown = (wrong.unknown or 0) + 1
  elseif status == 503 or status == 429 then
    refused[face] = (refused[face] or 0) + 1
  elseif status ~= 200 then
    wrong[face] = (wrong[face] or 0) + 1
  else
    local bucket = face .. " " .. math.floor(math.log(microseconds() - tonumber(began) + 1) * 40)
    counts[bucket] = (counts[bucket] or 0) + 1
  end
end

local function add(into, from)
  for key, count in pairs(from) do
    into[key] = (into[key] or 0) + count
  end
end

local function object(counted)
  local parts = {}
  for key, count in pairs(counted) do
    parts[#parts + 1] = string.format('"%s":%d', key, count)
  end
  return "{" .. table.concat(parts, ",") .. "}"
end

function done(summary)
  local sums = { counts = {}, refused = {}, wrong = {} }
  for _, thread in ipairs(threads) do
    for name, into in pairs(sums) do
      add(into, thread:get(name))
    end
  end
  local errors = summary.errors
  io.write(
    string.format(
      '\n{"seconds":%f,"counts":%s,"refused":%s,"wrong":%s,"lost":%d}\n',
      summary.duration / 1e6,
      object(sums.counts),
      object(sums.refused),
      object(sums.wrong),
      errors.connect + errors.read + errors.write + errors.timeout
    )
  )
end
