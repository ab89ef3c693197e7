/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_internal: what the files of catalog_sqlite share.
 *
 * A connection (struct db) is a transaction too: one thread uses it at a time, and each has at most
 * one transaction.  Statements are prepared at first use and kept.
 */
#ifndef CATALOG_SQLITE_INTERNAL_H
#define CATALOG_SQLITE_INTERNAL_H

#include <sqlite3.h>

#include "catalog/catalog.h"
#include "catalog/sqlite_alarms.h"
#include "catalog/sqlite_keep.h"
#include "catalog/sqlite_pairings.h"
#include "format/batch.h"

#define SQLITE_SCHEMA_VERSION 6

/* "CBsv": PRAGMA application_id of a catalog. */
#define SQLITE_APPLICATION_ID 0x43427376

extern const char *const sqlite_schema[]; /* all of the present version; ends with NULL */
/* What leads from each older version to the next: [0] from 1 to 2. */
extern const char *const sqlite_schema_steps[SQLITE_SCHEMA_VERSION - 1];

/* A record's row number is its batch's and its place in it, so the records of a batch lie together
 * and are found without an index.  BATCH_RECORDS_MAX < 2^14. */
#define RECORD_ROW_BITS 14
_Static_assert(BATCH_RECORDS_MAX < 1 << RECORD_ROW_BITS, "a record's place fits its bits");

/* clang-format off */
#define ITEM_COLUMNS    "f.folder, i.item, i.versions, i.live, i.seq, i.idx, i.flags, i.leaf, i.bytes"
#define VERSION_COLUMNS "f.folder, r.item, r.version, r.seq, r.id, r.flags, r.leaf, r.bytes"
#define ACCOUNT_COLUMNS "account, suspended, quota, used, uncommitted, created_at, epoch, log_length, " \
			"log_head, ask, passphrase_key, recovery_key, recovery_find, " \
			"retention_days, next_days, next_at, lift_from, lift_at, delete_at"
#define DEVICE_COLUMNS  "row, account, device, state, suspended, key, added_at, seq, head, client_at, " \
			"seen_at, live, replaces, cut_seq, day, day_bytes, ended_at, " \
			"came, period, grace, drill, drill_at, drill_day, drills"
#define BATCH_COLUMNS   "id, seq, head, n, received_at, from_ms"
#define CHUNK_COLUMNS   "cid, object, size, sha256, wanted_at, committed, damaged, uncounted"

/* Of a batch after the cut of its device nothing counts. */
#define NOT_VOID        "r.seq <= (SELECT seq FROM devices WHERE row = ?2)"

#define STATEMENTS(X) \
	X(BEGIN_READ,     "BEGIN") \
	X(BEGIN_WRITE,    "BEGIN IMMEDIATE") \
	X(COMMIT,         "COMMIT") \
	X(ROLLBACK,       "ROLLBACK") \
	X(SAVE,           "SAVEPOINT job") \
	X(SAVE_UNDO,      "ROLLBACK TO job") \
	X(SAVE_END,       "RELEASE job") \
	X(SETTING_GET,    "SELECT value FROM settings WHERE name = ?1") \
	X(SETTING_PUT,    "INSERT INTO settings(name, value) VALUES(?1, ?2) " \
			  "ON CONFLICT(name) DO UPDATE SET value = excluded.value") \
	X(INVITATION_GET, "SELECT hash, quota, expires_at, used_by FROM invitations WHERE hash = ?1") \
	X(INVITATION_PUT, "INSERT INTO invitations(hash, quota, expires_at, used_by) " \
			  "VALUES(?1, ?2, ?3, ?4) " \
			  "ON CONFLICT(hash) DO UPDATE SET quota = excluded.quota, " \
			  "expires_at = excluded.expires_at, used_by = excluded.used_by") \
	X(ACCOUNT_GET,    "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE account = ?1 AND removed = 0") \
	X(ACCOUNT_FIND,   "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE recovery_find = ?1 AND removed = 0") \
	X(ACCOUNT_ADD,    "INSERT INTO accounts(" ACCOUNT_COLUMNS ") " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, " \
			  "?17, ?18, ?19) ON CONFLICT DO NOTHING") \
	X(ACCOUNT_PUT,    "UPDATE accounts SET suspended = ?2, quota = ?3, used = ?4, uncommitted = ?5, " \
			  "created_at = ?6, epoch = ?7, log_length = ?8, log_head = ?9, ask = ?10, " \
			  "passphrase_key = ?11, recovery_key = ?12, recovery_find = ?13, " \
			  "retention_days = ?14, next_days = ?15, next_at = ?16, lift_from = ?17, " \
			  "lift_at = ?18, delete_at = ?19 " \
			  "WHERE account = ?1") \
	X(ACCOUNTS,       "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE removed = 0 ORDER BY account") \
	X(WRAPS_GET,      "SELECT passphrase, recovery FROM wraps WHERE account = ?1") \
	X(WRAPS_PUT,      "INSERT INTO wraps(account, passphrase, recovery) VALUES(?1, ?2, ?3) " \
			  "ON CONFLICT(account) DO UPDATE SET passphrase = excluded.passphrase, " \
			  "recovery = excluded.recovery") \
	X(LOG_ADD,        "INSERT INTO log(account, idx, hash, entry) VALUES(?1, ?2, ?3, ?4)") \
	X(LOG_HASH,       "SELECT hash FROM log WHERE account = ?1 AND idx = ?2") \
	X(LOG_READ,       "SELECT idx, entry FROM log WHERE account = ?1 AND idx >= ?2 ORDER BY idx") \
	X(DEVICE_GET,     "SELECT " DEVICE_COLUMNS " FROM devices WHERE account = ?1 AND device = ?2") \
	X(DEVICE_BY_ROW,  "SELECT " DEVICE_COLUMNS " FROM devices WHERE row = ?1") \
	X(DEVICE_ADD,     "INSERT INTO devices(" DEVICE_COLUMNS ") VALUES(NULL, ?2, ?3, ?4, ?5, ?6, " \
			  "?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24) " \
			  "ON CONFLICT DO NOTHING") \
	X(DEVICE_PUT,     "UPDATE devices SET state = ?4, suspended = ?5, key = ?6, added_at = ?7, " \
			  "seq = ?8, head = ?9, client_at = ?10, seen_at = ?11, live = ?12, " \
			  "replaces = ?13, cut_seq = ?14, day = ?15, day_bytes = ?16, ended_at = ?17, " \
			  "came = ?18, period = ?19, grace = ?20, drill = ?21, drill_at = ?22, drill_day = ?23, drills = ?24 " \
			  "WHERE row = ?1") \
	X(DEVICES,        "SELECT " DEVICE_COLUMNS " FROM devices WHERE account = ?1 ORDER BY device") \
	X(BATCH_GET,      "SELECT " BATCH_COLUMNS " FROM batches WHERE device = ?1 AND seq = ?2") \
	X(BATCH_PREFIX,   "SELECT prefix FROM batches WHERE device = ?1 AND seq = ?2") \
	X(BATCH_ADD,      "INSERT INTO batches(device, seq, head, n, received_at, prefix, from_ms) " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)") \
	X(BATCHES,        "SELECT " BATCH_COLUMNS " FROM batches WHERE device = ?1 AND seq >= ?2 " \
			  "ORDER BY seq") \
	X(FOLDER_GET,     "SELECT row FROM folders WHERE device = ?1 AND folder = ?2") \
	X(FOLDER_ADD,     "INSERT INTO folders(device, folder) VALUES(?1, ?2)") \
	X(FOLDER_COUNT,   "SELECT count(*) FROM folders WHERE device = ?1") \
	X(ITEM_GET,       "SELECT " ITEM_COLUMNS " FROM items AS i JOIN folders AS f ON f.row = i.folder " \
			  "WHERE i.device = ?1 AND i.folder = ?2 AND i.item = ?3") \
	X(ITEM_PUT,       "INSERT INTO items(device, item, folder, versions, live, seq, idx, flags, " \
			  "leaf, bytes) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) " \
			  "ON CONFLICT(device, item, folder) DO UPDATE SET " \
			  "versions = excluded.versions, live = excluded.live, seq = excluded.seq, " \
			  "idx = excluded.idx, flags = excluded.flags, leaf = excluded.leaf, " \
			  "bytes = excluded.bytes") \
	X(ITEMS,          "SELECT " ITEM_COLUMNS " FROM items AS i CROSS JOIN folders AS f " \
			  "ON f.row = i.folder WHERE i.device = ?1 AND i.item BETWEEN ?2 AND ?3 " \
			  "ORDER BY i.device, i.item, i.folder") \
	X(RECORD_ADD,     "INSERT INTO records(id, folder, item, version, seq, flags, bytes, leaf, frame) " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)") \
	X(RECORD_GET,     "SELECT " VERSION_COLUMNS ", r.frame FROM records AS r " \
			  "JOIN folders AS f ON f.row = r.folder " \
			  "WHERE r.id = ((SELECT id FROM batches WHERE device = ?1 AND seq = ?2) << 14) + ?3") \
	X(RECORD_LEAVES,  "SELECT id, leaf FROM records WHERE id BETWEEN ?1 << 14 AND (?1 << 14) + 16383 " \
			  "ORDER BY id") \
	X(DAMAGED_PUT,    "INSERT INTO damaged(record, device) SELECT (id << 14) + ?3, ?1 FROM batches " \
			  "WHERE device = ?1 AND seq = ?2 ON CONFLICT DO NOTHING") \
	X(DAMAGED,        "SELECT " ITEM_COLUMNS " FROM damaged AS x JOIN records AS r ON r.id = x.record " \
			  "JOIN items AS i ON i.device = x.device AND i.item = r.item " \
			  "AND i.folder = r.folder JOIN folders AS f ON f.row = i.folder " \
			  "WHERE x.device = ?1 AND i.live = 1 AND i.seq = r.seq " \
			  "AND i.idx = x.record & 16383 ORDER BY x.record") \
	X(VERSIONS,       "SELECT " VERSION_COLUMNS " FROM records AS r CROSS JOIN folders AS f " \
			  "ON f.row = r.folder WHERE r.folder = ?1 AND f.device = ?2 " \
			  "AND r.frame IS NOT NULL AND " NOT_VOID " ORDER BY r.item, r.version") \
	X(VERSIONS_OF,    "SELECT " VERSION_COLUMNS " FROM records AS r CROSS JOIN folders AS f " \
			  "ON f.row = r.folder WHERE r.folder = ?1 AND f.device = ?2 " \
			  "AND r.item = ?3 AND r.frame IS NOT NULL AND " NOT_VOID " ORDER BY r.version") \
	X(NODE_GET,       "SELECT hash FROM nodes WHERE device = ?1 AND node = ?2") \
	X(NODE_PUT,       "INSERT INTO nodes(device, node, hash) VALUES(?1, ?2, ?3) " \
			  "ON CONFLICT(device, node) DO UPDATE SET hash = excluded.hash") \
	X(NODES_CLEAR,    "DELETE FROM nodes WHERE device = ?1") \
	X(CHUNK_GET,      "SELECT " CHUNK_COLUMNS " FROM chunks WHERE device = ?1 AND cid = ?2") \
	X(CHUNK_ADD,      "INSERT INTO chunks(device, " CHUNK_COLUMNS ") " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING") \
	X(CHUNK_PUT,      "UPDATE chunks SET wanted_at = ?6, committed = ?7, damaged = ?8, uncounted = ?9, " \
			  "object = CASE damaged WHEN 0 THEN object ELSE ?3 END, " \
			  "size   = CASE damaged WHEN 0 THEN size   ELSE ?4 END, " \
			  "sha256 = CASE damaged WHEN 0 THEN sha256 ELSE ?5 END " \
			  "WHERE device = ?1 AND cid = ?2") \
	X(CHUNKS,         "SELECT " CHUNK_COLUMNS " FROM chunks WHERE device = ?1 AND cid > ?2 " \
			  "ORDER BY cid") \
	X(REF_ADD,        "INSERT INTO refs(owner, cid, record) VALUES(?1, ?2, ?3) " \
			  "ON CONFLICT DO NOTHING") \
	X(REF_FIND,       "SELECT 1 FROM refs AS r JOIN batches AS b ON b.id = r.record >> 14 " \
			  "WHERE r.owner = ?1 AND r.cid = ?2 AND (b.device <> ?1 OR b.seq <= ?3) LIMIT 1") \
	X(DEAD_ADD,       "INSERT INTO dead(object, due) VALUES(?1, ?2) ON CONFLICT DO NOTHING") \
	X(USAGE,          "SELECT (SELECT count(*) FROM accounts WHERE removed = 0), (SELECT count(*) FROM chunks), " \
			  "(SELECT total(used) FROM accounts)") \
	KEEP_STATEMENTS(X) \
	ALARM_STATEMENTS(X) \
	PAIRING_STATEMENTS(X)
/* clang-format on */

#define STATEMENT_ENUMERATOR_(name, sql) S_##name,
enum statement { STATEMENTS(STATEMENT_ENUMERATOR_) N_STATEMENTS };

struct catalog_sqlite;

/* One connection. */
struct db {
	struct catalog_tx tx; /* first: a transaction is its connection */
	struct catalog_sqlite *owner;
	sqlite3 *sqlite;
	sqlite3_stmt *statements[N_STATEMENTS];
	struct db *next; /* in the pool of readers */
};

static inline struct db *
db_of(struct catalog_tx *tx)
{
	return (struct db *)tx;
}

/** Describe what SQLite said last on @db; @rc is its result.  On the writing connection an I/O
 * error ends the process here.  Always -1. */
int db_error(struct db *db, int rc, const char *what, struct err *err);

/** The statement, ready for binding; NULL with *err. */
sqlite3_stmt *db_start(struct db *db, enum statement s, struct err *err);

/** The next row: 0, CATALOG_ABSENT after the last (the statement is then reset), or -1 (reset). */
int db_step(struct db *db, sqlite3_stmt *st, struct err *err);

/** Run a statement without rows and without parameters. */
int db_run(struct db *db, enum statement s, struct err *err);

extern const struct catalog_ops catalog_sqlite_ops;

/* The part of the table that is about the file and its threads: sqlite.c. */
/** Sync a database's files, if it has any, and have them read from the disk from now on.  Before SQLite
 *  opens it; nobody else may have it open. */
int sqlite_settle(const char *path, struct err *err);
int sqlite_read(struct catalog *c, catalog_run_fn *run, void *ctx, struct err *err);
void sqlite_submit(struct catalog *c, struct catalog_job *job);
int sqlite_copy(struct catalog *c, const char *path, struct err *err);
void sqlite_free(struct catalog *c);
/** Of its file; borrowed. */
const char *sqlite_path(const struct catalog_sqlite *c);
/** Now on the retention clock. */
int64_t sqlite_clock(const struct catalog_sqlite *c);

#endif
