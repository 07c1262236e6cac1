#!/bin/bash
# Run once by MySQL's image when its data folder is made. Each app gets a user without any right; `migrate` grants what packages/database declares,
# and owns the schema.
set -eu
mysql --user=root --password="$MYSQL_ROOT_PASSWORD" <<SQL
CREATE USER IF NOT EXISTS 'onsale_booking'@'%' IDENTIFIED BY '$DATABASE_PASSWORD_BOOKING';
CREATE USER IF NOT EXISTS 'onsale_worker'@'%' IDENTIFIED BY '$DATABASE_PASSWORD_WORKER';
CREATE USER IF NOT EXISTS 'onsale_ops'@'%' IDENTIFIED BY '$DATABASE_PASSWORD_OPS';
CREATE USER IF NOT EXISTS 'onsale_storefront'@'%' IDENTIFIED BY RANDOM PASSWORD ACCOUNT LOCK;
GRANT ALL ON \`$MYSQL_DATABASE\`.* TO '$MYSQL_USER'@'%' WITH GRANT OPTION;
SQL
