/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of a catalog in SQLite.
 *
 * (account, device) has one number, devices.row, and (account, device, folder) one, folders.row:
 * they stand in the keys of everything below, which keeps the two indexes over records narrow.
 * Record frames lie in a rowid table in order of arrival: a batch is one run of pages.
 *
 *     accounts ── log, wraps
 *        └ devices ── batches ── records (id = batch * 2^14 + index)
 *             ├ folders ── items (newest version of each, live or not)
 *             ├ nodes (state tree)
 *             └ chunks ── refs (who needs them)
 *     dead (objects without a row), clock (retention): for clearing away
 */
#include "catalog/sqlite_internal.h"

const char sqlite_schema[] =
	"CREATE TABLE settings("
	"  name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE invitations("
	"  hash BLOB PRIMARY KEY, quota INTEGER NOT NULL, expires_at INTEGER NOT NULL,"
	"  used_by BLOB) WITHOUT ROWID;"
	"CREATE TABLE accounts("
	"  account BLOB PRIMARY KEY, suspended INTEGER NOT NULL, quota INTEGER NOT NULL,"
	"  used INTEGER NOT NULL, uncommitted INTEGER NOT NULL, created_at INTEGER NOT NULL,"
	"  epoch INTEGER NOT NULL, log_length INTEGER NOT NULL, log_head BLOB NOT NULL,"
	"  ask BLOB NOT NULL, passphrase_key BLOB NOT NULL, recovery_key BLOB NOT NULL,"
	"  recovery_find BLOB NOT NULL UNIQUE) WITHOUT ROWID;"
	"CREATE TABLE wraps("
	"  account BLOB PRIMARY KEY, passphrase BLOB NOT NULL, recovery BLOB NOT NULL)"
	"  WITHOUT ROWID;"
	"CREATE TABLE log("
	"  account BLOB NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL, entry BLOB NOT NULL,"
	"  PRIMARY KEY(account, idx)) WITHOUT ROWID;"
	"CREATE TABLE devices("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL, device BLOB NOT NULL,"
	"  state INTEGER NOT NULL, suspended INTEGER NOT NULL, key BLOB NOT NULL,"
	"  added_at INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL,"
	"  client_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, live INTEGER NOT NULL,"
	"  replaces INTEGER NOT NULL, cut_seq INTEGER NOT NULL,"
	"  day INTEGER NOT NULL DEFAULT 0, day_bytes INTEGER NOT NULL DEFAULT 0,"
	"  UNIQUE(account, device));"
	"CREATE TABLE batches("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, seq INTEGER NOT NULL,"
	"  head BLOB NOT NULL, n INTEGER NOT NULL, received_at INTEGER NOT NULL,"
	"  prefix BLOB NOT NULL, UNIQUE(device, seq));"
	"CREATE TABLE folders("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, folder BLOB NOT NULL,"
	"  UNIQUE(device, folder));"
	"CREATE TABLE records("
	"  id INTEGER PRIMARY KEY, folder INTEGER NOT NULL, item BLOB NOT NULL,"
	"  version INTEGER NOT NULL, seq INTEGER NOT NULL, flags INTEGER NOT NULL,"
	"  bytes INTEGER NOT NULL, leaf BLOB NOT NULL, frame BLOB);" /* NULL: cleared */
	"CREATE UNIQUE INDEX versions ON records(folder, item, version);"
	"CREATE TABLE items("
	"  device INTEGER NOT NULL, item BLOB NOT NULL, folder INTEGER NOT NULL,"
	"  versions INTEGER NOT NULL, live INTEGER NOT NULL, seq INTEGER NOT NULL,"
	"  idx INTEGER NOT NULL, flags INTEGER NOT NULL, leaf BLOB NOT NULL,"
	"  bytes INTEGER NOT NULL, PRIMARY KEY(device, item, folder)) WITHOUT ROWID;"
	"CREATE TABLE nodes("
	"  device INTEGER NOT NULL, node INTEGER NOT NULL, hash BLOB NOT NULL,"
	"  PRIMARY KEY(device, node)) WITHOUT ROWID;"
	"CREATE TABLE chunks("
	"  device INTEGER NOT NULL, cid BLOB NOT NULL, object BLOB NOT NULL,"
	"  size INTEGER NOT NULL, sha256 BLOB NOT NULL, wanted_at INTEGER NOT NULL,"
	"  committed INTEGER NOT NULL, damaged INTEGER NOT NULL,"
	"  PRIMARY KEY(device, cid)) WITHOUT ROWID;"
	"CREATE TABLE refs("
	"  owner INTEGER NOT NULL, cid BLOB NOT NULL, record INTEGER NOT NULL,"
	"  PRIMARY KEY(owner, cid, record)) WITHOUT ROWID;"
	"CREATE TABLE dead("
	"  object BLOB PRIMARY KEY, since INTEGER NOT NULL) WITHOUT ROWID;"
	"CREATE TABLE clock("
	"  id INTEGER PRIMARY KEY CHECK(id = 1), retention_ms INTEGER NOT NULL);"
	"INSERT INTO clock(id, retention_ms) VALUES(1, 0);";

const char *const sqlite_schema_steps[SQLITE_SCHEMA_VERSION - 1] = {
	"ALTER TABLE devices ADD COLUMN day INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN day_bytes INTEGER NOT NULL DEFAULT 0;",
};
