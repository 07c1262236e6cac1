/**
 * What each app's user may do in Redis, as rules of its access control list: data, so that `npm start`, tests and docker-compose.yml say the same.
 * Booking and web have no user: they never speak to Redis. A script runs with the rights of who calls it; which scripts an app calls, its imports say.
 *
 * The list of rooms is written by the worker alone; the worker's wake-ups (BullMQ) have a prefix of their own.
 */
const CONNECT = '+auth +hello +ping +info +select +quit +client|setname +client|id';
const ROOM_COMMANDS = [
  '+eval +evalsha +script|load +script|exists +time +unlink +del +exists +expire +pexpire +type',
  '+@hash +@sortedset +@list +@bitmap +@stream +get +set +strlen -@dangerous -@blocking +info',
].join(' ');
const ROOMS = '~{room:[a-z0-9]*';
const READ_LIST = '%R~{room:}:list';

export const REDIS_ACCESS = {
  admission: `${ROOMS} ${READ_LIST} ${CONNECT} ${ROOM_COMMANDS}`,
  ops: `${ROOMS} ${READ_LIST} ${CONNECT} ${ROOM_COMMANDS}`,
  worker: `~{room:* ~onsale-jobs:* +@all -@admin -@dangerous ${CONNECT}`,
} as const;
