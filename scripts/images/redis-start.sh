#!/bin/sh
# Starts Redis with a user for each app; the rules are those of packages/waiting-room/src/access.ts (compared by scripts/test/deployment.test.ts).
# In a file, not in arguments: passwords would stand in the list of processes. Never evicts: a place in line is not a cache. `always`: a promised
# number survives power loss too.
set -eu
umask 077
NOTHING='resetkeys resetchannels -@all'
CONNECT='+auth +hello +ping +info +select +quit +client|setname +client|id'
SCRIPTS='+eval +evalsha +script|load +script|exists +time +unlink +del +exists +expire +pexpire +type'
TYPES='+@hash +@sortedset +@list +@bitmap +@stream +get +set +strlen -@dangerous -@blocking +info'
cat > /tmp/users.acl <<USERS
user default on >$REDIS_PASSWORD ~* &* +@all
user onsale_admission on >$REDIS_PASSWORD_ADMISSION $NOTHING ~{room:[a-z0-9]* %R~{room:}:list $CONNECT $SCRIPTS $TYPES
user onsale_ops on >$REDIS_PASSWORD_OPS $NOTHING ~{room:[a-z0-9]* %R~{room:}:list $CONNECT $SCRIPTS $TYPES
user onsale_worker on >$REDIS_PASSWORD_WORKER $NOTHING ~{room:* ~onsale-jobs:* +@all -@admin -@dangerous $CONNECT
USERS
exec redis-server --aclfile /tmp/users.acl --appendonly yes --appendfsync always --save '' --maxmemory-policy noeviction
