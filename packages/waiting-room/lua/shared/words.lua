-- Numbers and ends of places. Place = epoch × 2^32 + n, exact in a double; `..` prints 14 digits only, textOf all.
local EPOCH_SPAN = 4294967296
local END_WORDS = { 'finished', 'left', 'lapsed', 'revoked' }
local END_CODES = { finished = 1, left = 2, lapsed = 3, revoked = 4 }
local function numberOf(place) return tonumber(place) % EPOCH_SPAN end
local function epochOf(place) return math.floor(tonumber(place) / EPOCH_SPAN) end
local function textOf(number) return string.format('%.0f', number) end
