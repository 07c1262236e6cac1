-- Reads the fields of the room that the header names into `room`; numbers as numbers.
local room = {}
for index, value in ipairs(redis.call('HMGET', keyRoom, unpack(roomFields))) do
  room[roomFields[index]] = tonumber(value) or value
end
