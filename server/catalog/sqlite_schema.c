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
 *     superseded (versions that have ended and are still here), dead (objects to be removed),
 *     damaged (records that are, until they are cleared),
 *     clock (retention): for clearing away; samples (how full it was, day by day): for the forecast
 *     alarms ── deliveries (to whom they are still to be told); recipients, growth: of an account
 *     pairings ── pair_messages: what two terminals say to each other, for minutes
 */
#include "catalog/sqlite_internal.h"

#define SUPERSEDED                                                                                 \
	"CREATE TABLE superseded("                                                                 \
	"  record INTEGER PRIMARY KEY, device INTEGER NOT NULL, ended INTEGER NOT NULL,"           \
	"  anchor INTEGER NOT NULL, void INTEGER NOT NULL);"                                       \
	"CREATE INDEX superseded_of ON superseded(device, ended);"                                 \
	"CREATE TABLE samples("                                                                    \
	"  day INTEGER PRIMARY KEY, bytes INTEGER NOT NULL, free INTEGER NOT NULL);"

#define DAMAGED                                                                                    \
	"CREATE TABLE damaged("                                                                    \
	"  record INTEGER PRIMARY KEY, device INTEGER NOT NULL);"

/* Of each kind one alarm at most stands for a device. */
#define ALARMS                                                                                     \
	"CREATE TABLE alarms("                                                                     \
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, account BLOB NOT NULL, device BLOB NOT NULL,"     \
	"  kind INTEGER NOT NULL, raised_at INTEGER NOT NULL, since INTEGER NOT NULL,"             \
	"  mark INTEGER NOT NULL, ended_at INTEGER NOT NULL, number INTEGER NOT NULL);"            \
	"CREATE UNIQUE INDEX alarms_standing ON alarms(account, device, kind) WHERE ended_at = 0;" \
	"CREATE TABLE deliveries("                                                                 \
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, alarm INTEGER NOT NULL, account BLOB NOT NULL,"   \
	"  channel INTEGER NOT NULL, ended INTEGER NOT NULL, tries INTEGER NOT NULL,"              \
	"  due INTEGER NOT NULL, since INTEGER NOT NULL);"                                         \
	"CREATE INDEX deliveries_of ON deliveries(account);"                                       \
	"CREATE INDEX deliveries_about ON deliveries(alarm);"                                      \
	"CREATE TABLE recipients("                                                                 \
	"  account BLOB PRIMARY KEY, mail TEXT NOT NULL, webhook TEXT NOT NULL,"                   \
	"  mailed_at INTEGER NOT NULL, posted_at INTEGER NOT NULL) WITHOUT ROWID;"                 \
	"CREATE TABLE growth("                                                                     \
	"  account BLOB PRIMARY KEY, day INTEGER NOT NULL, bytes INTEGER NOT NULL,"                \
	"  recent_day INTEGER NOT NULL, recent_bytes INTEGER NOT NULL) WITHOUT ROWID;"

#define PAIRINGS                                                                                   \
	"CREATE TABLE pairings("                                                                   \
	"  pairing BLOB PRIMARY KEY, account BLOB NOT NULL, expires INTEGER NOT NULL,"             \
	"  joiner INTEGER NOT NULL, host INTEGER NOT NULL, over INTEGER NOT NULL) WITHOUT ROWID;"  \
	"CREATE INDEX pairings_of ON pairings(account);"                                           \
	"CREATE TABLE pair_messages("                                                              \
	"  pairing BLOB NOT NULL, side INTEGER NOT NULL, number INTEGER NOT NULL,"                 \
	"  message BLOB NOT NULL, PRIMARY KEY(pairing, side, number)) WITHOUT ROWID;"

const char *const sqlite_schema[] = {
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
	"  recovery_find BLOB NOT NULL UNIQUE, retention_days INTEGER NOT NULL DEFAULT 90,"
	"  next_days INTEGER NOT NULL DEFAULT 0, next_at INTEGER NOT NULL DEFAULT 0,"
	"  lift_from INTEGER NOT NULL DEFAULT 0, lift_at INTEGER NOT NULL DEFAULT 0,"
	"  delete_at INTEGER NOT NULL DEFAULT 0, removed INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;"
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
	"  ended_at INTEGER NOT NULL DEFAULT 0, came INTEGER NOT NULL DEFAULT 0,"
	"  period INTEGER NOT NULL DEFAULT 0, grace INTEGER NOT NULL DEFAULT 0,"
	"  drill INTEGER NOT NULL DEFAULT 0, drill_at INTEGER NOT NULL DEFAULT 0,"
	"  drill_day INTEGER NOT NULL DEFAULT 0, drills INTEGER NOT NULL DEFAULT 0,"
	"  UNIQUE(account, device));"
	"CREATE TABLE batches("
	"  id INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, seq INTEGER NOT NULL,"
	"  head BLOB NOT NULL, n INTEGER NOT NULL, received_at INTEGER NOT NULL,"
	"  prefix BLOB NOT NULL, from_ms INTEGER NOT NULL DEFAULT 0, UNIQUE(device, seq));"
	"CREATE TABLE folders("
	"  row INTEGER PRIMARY KEY AUTOINCREMENT, device INTEGER NOT NULL, folder BLOB NOT NULL,"
	"  held_at INTEGER NOT NULL DEFAULT 0, lifted_at INTEGER NOT NULL DEFAULT 0,"
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
	"  uncounted INTEGER NOT NULL DEFAULT 0, PRIMARY KEY(device, cid)) WITHOUT ROWID;"
	"CREATE INDEX chunks_object ON chunks(object);"
	"CREATE TABLE refs("
	"  owner INTEGER NOT NULL, cid BLOB NOT NULL, record INTEGER NOT NULL,"
	"  PRIMARY KEY(owner, cid, record)) WITHOUT ROWID;"
	"CREATE TABLE dead("
	"  object BLOB PRIMARY KEY, due INTEGER NOT NULL) WITHOUT ROWID;" SUPERSEDED
	"CREATE TABLE clock("
	"  id INTEGER PRIMARY KEY CHECK(id = 1), retention_ms INTEGER NOT NULL);"
	"INSERT INTO clock(id, retention_ms) VALUES(1, 0);",
	DAMAGED,
	ALARMS,
	PAIRINGS,
	NULL,
};

const char *const sqlite_schema_steps[SQLITE_SCHEMA_VERSION - 1] = {
	"ALTER TABLE devices ADD COLUMN day INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN day_bytes INTEGER NOT NULL DEFAULT 0;",

	/* The retention clock stood at 0 until now: what has ended ended then. */
	"ALTER TABLE accounts ADD COLUMN retention_days INTEGER NOT NULL DEFAULT 90;"
	"ALTER TABLE accounts ADD COLUMN next_days INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE accounts ADD COLUMN next_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE accounts ADD COLUMN lift_from INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE accounts ADD COLUMN lift_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE accounts ADD COLUMN delete_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE accounts ADD COLUMN removed INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN ended_at INTEGER NOT NULL DEFAULT 0;"
	"UPDATE devices SET ended_at = 1 WHERE state = 2;" /* DEVICE_RETIRED */
	"ALTER TABLE batches ADD COLUMN from_ms INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE folders ADD COLUMN held_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE folders ADD COLUMN lifted_at INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE chunks ADD COLUMN uncounted INTEGER NOT NULL DEFAULT 0;"
	"UPDATE chunks SET wanted_at = 0;"
	"CREATE INDEX chunks_object ON chunks(object);"
	"ALTER TABLE dead RENAME COLUMN since TO due;"
	"UPDATE dead SET due = 2592000000;" /* RETENTION_DAMAGED_MS */
	SUPERSEDED "INSERT INTO superseded(record, device, ended, anchor, void) "
	"SELECT r.id, f.device, 0, 0, 0 FROM records AS r JOIN folders AS f ON f.row = r.folder "
	"JOIN items AS i ON i.device = f.device AND i.item = r.item AND i.folder = r.folder "
	"WHERE r.frame IS NOT NULL AND (r.version < i.versions OR r.flags & 1);",

	/* Nobody is expected before it has said so. */
	"ALTER TABLE devices ADD COLUMN came INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN period INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN grace INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN drill INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN drill_at INTEGER NOT NULL DEFAULT 0;" ALARMS,

	PAIRINGS,

	"ALTER TABLE devices ADD COLUMN drill_day INTEGER NOT NULL DEFAULT 0;"
	"ALTER TABLE devices ADD COLUMN drills INTEGER NOT NULL DEFAULT 0;" DAMAGED,
};
