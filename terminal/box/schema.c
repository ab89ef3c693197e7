/* SPDX-License-Identifier: Apache-2.0 */
/* schema: see schema.h. */
#include "box/schema.h"

#include <stddef.h>

#define SCHEMA_THREADS                                                                             \
	"CREATE TABLE threads (source INTEGER NOT NULL, position INTEGER NOT NULL,"                \
	" thread TEXT NOT NULL, party TEXT NOT NULL, PRIMARY KEY (source, position))"              \
	" WITHOUT ROWID"

#define SCHEMA_TAKEN                                                                               \
	"CREATE TABLE taken (app INTEGER NOT NULL, item BLOB NOT NULL, taken TEXT NOT NULL,"       \
	" PRIMARY KEY (app, item)) WITHOUT ROWID"

#define SCHEMA_DUE                                                                                 \
	"CREATE TABLE due (app INTEGER NOT NULL, item BLOB NOT NULL, PRIMARY KEY (app, item))"     \
	" WITHOUT ROWID"

#define SCHEMA_KEPT_OUT                                                                            \
	"CREATE TABLE kept_out (app INTEGER NOT NULL, mark BLOB NOT NULL,"                         \
	" PRIMARY KEY (app, mark)) WITHOUT ROWID"

#define SCHEMA_SENT_OBJECTS                                                                        \
	"CREATE TABLE sent_objects (cid BLOB NOT NULL, hash BLOB NOT NULL,"                        \
	" PRIMARY KEY (cid, hash)) WITHOUT ROWID"

/* clang-format off */
const char *const schema_statements[] = {
	/* who this terminal is */
	"CREATE TABLE identity (one INTEGER PRIMARY KEY CHECK (one = 1), account BLOB NOT NULL,"
	" device BLOB NOT NULL, name TEXT NOT NULL, url TEXT NOT NULL, tls INTEGER NOT NULL,"
	" pin BLOB NOT NULL, epoch INTEGER NOT NULL, aek BLOB NOT NULL, psk_check BLOB NOT NULL,"
	" d_check BLOB NOT NULL, log_length INTEGER NOT NULL, log_head BLOB NOT NULL,"
	" recovery_confirmed INTEGER NOT NULL, acked_seq INTEGER NOT NULL, acked_head BLOB NOT NULL,"
	" acked_ms INTEGER NOT NULL)",
	"CREATE TABLE heads (device BLOB PRIMARY KEY, seq INTEGER NOT NULL, head BLOB NOT NULL)"
	" WITHOUT ROWID",
	"CREATE TABLE replaced (place INTEGER PRIMARY KEY, device BLOB NOT NULL UNIQUE,"
	" seq INTEGER NOT NULL, head BLOB NOT NULL)",
	"CREATE TABLE settings (key TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID",

	/* apps, and what they have */
	"CREATE TABLE apps (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, adapter TEXT,"
	" path BLOB, scanned_ms INTEGER NOT NULL DEFAULT 0, spread INTEGER NOT NULL DEFAULT 0)",
	"CREATE TABLE app_settings (app INTEGER NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL,"
	" PRIMARY KEY (app, key)) WITHOUT ROWID",
	"CREATE TABLE sources (id INTEGER PRIMARY KEY, app INTEGER NOT NULL, path BLOB NOT NULL,"
	" stamp BLOB NOT NULL, state INTEGER NOT NULL, UNIQUE (app, path))",
	"CREATE INDEX sources_open ON sources (app, path) WHERE state <> 0",
	"CREATE TABLE items (app INTEGER NOT NULL, item BLOB NOT NULL, native_id BLOB NOT NULL,"
	" source INTEGER NOT NULL, position INTEGER NOT NULL, offset INTEGER NOT NULL,"
	" size INTEGER NOT NULL, form INTEGER NOT NULL, name TEXT NOT NULL, type TEXT,"
	" modified_ms INTEGER NOT NULL, content BLOB, content_id BLOB, name_id BLOB,"
	" PRIMARY KEY (app, item)) WITHOUT ROWID",
	"CREATE INDEX items_source ON items (source, position)",
	"CREATE INDEX items_content_id ON items (source, content_id) WHERE content_id IS NOT NULL",
	"CREATE INDEX items_name_id ON items (source, name_id) WHERE name_id IS NOT NULL",
	"CREATE TABLE arrivals (number INTEGER PRIMARY KEY, app INTEGER NOT NULL, base BLOB NOT NULL,"
	" source INTEGER NOT NULL, position INTEGER NOT NULL, offset INTEGER NOT NULL,"
	" size INTEGER NOT NULL, form INTEGER NOT NULL, name TEXT NOT NULL, type TEXT,"
	" modified_ms INTEGER NOT NULL, content BLOB, content_id BLOB, name_id BLOB)",
	"CREATE TABLE numbered (app INTEGER NOT NULL, base BLOB NOT NULL, n INTEGER NOT NULL,"
	" PRIMARY KEY (app, base)) WITHOUT ROWID",
	"CREATE TABLE aliases (app INTEGER NOT NULL, uid BLOB NOT NULL, native_id BLOB NOT NULL,"
	" PRIMARY KEY (app, uid)) WITHOUT ROWID",
	"CREATE TABLE refusals (app INTEGER NOT NULL, source BLOB NOT NULL,"
	" PRIMARY KEY (app, source)) WITHOUT ROWID",

	/* what was chosen, and what lies in the cloud */
	"CREATE TABLE shortcuts (app INTEGER NOT NULL, item BLOB NOT NULL, native_id BLOB NOT NULL,"
	" path BLOB NOT NULL, name TEXT NOT NULL, type TEXT, size INTEGER NOT NULL,"
	" selected INTEGER NOT NULL, added_ms INTEGER NOT NULL, pending INTEGER NOT NULL,"
	" PRIMARY KEY (app, item)) WITHOUT ROWID",
	"CREATE INDEX shortcuts_pending ON shortcuts (app, item) WHERE pending",
	"CREATE TABLE saved (item BLOB PRIMARY KEY, app INTEGER NOT NULL, native_id BLOB NOT NULL,"
	" seq INTEGER NOT NULL, idx INTEGER NOT NULL, leaf BLOB NOT NULL, versions INTEGER NOT NULL,"
	" content BLOB NOT NULL, size INTEGER NOT NULL, sealed_bytes INTEGER NOT NULL,"
	" chunks BLOB NOT NULL, class INTEGER NOT NULL, saved_ms INTEGER NOT NULL,"
	" proven_ms INTEGER NOT NULL) WITHOUT ROWID",
	"CREATE INDEX saved_app ON saved (app)",
	"CREATE TABLE forgotten (item BLOB PRIMARY KEY, app INTEGER NOT NULL,"
	" native_id BLOB NOT NULL) WITHOUT ROWID",
	"CREATE TABLE inherited (cid BLOB PRIMARY KEY, entry BLOB NOT NULL) WITHOUT ROWID",
	"CREATE TABLE state_nodes (level INTEGER NOT NULL, number INTEGER NOT NULL,"
	" hash BLOB NOT NULL, PRIMARY KEY (level, number)) WITHOUT ROWID",
	"CREATE TABLE touched (app INTEGER NOT NULL, number INTEGER NOT NULL,"
	" PRIMARY KEY (app, number)) WITHOUT ROWID",

	/* on their way */
	"CREATE TABLE batches (number INTEGER PRIMARY KEY AUTOINCREMENT, state INTEGER NOT NULL,"
	" kind INTEGER NOT NULL, seq INTEGER NOT NULL, head BLOB NOT NULL, epoch INTEGER NOT NULL,"
	" bytes INTEGER NOT NULL, attempts INTEGER NOT NULL, sealed_ms INTEGER NOT NULL,"
	" receipt INTEGER NOT NULL, tree_anew INTEGER NOT NULL)",
	"CREATE TABLE batch_changes (batch INTEGER NOT NULL, item BLOB NOT NULL,"
	" app INTEGER NOT NULL, native_id BLOB NOT NULL, tombstone INTEGER NOT NULL,"
	" seq INTEGER NOT NULL, idx INTEGER NOT NULL, leaf BLOB NOT NULL,"
	" content BLOB NOT NULL, size INTEGER NOT NULL, sealed_bytes INTEGER NOT NULL,"
	" chunks BLOB NOT NULL, class INTEGER NOT NULL, PRIMARY KEY (batch, item)) WITHOUT ROWID",
	"CREATE TABLE batch_nodes (batch INTEGER NOT NULL, level INTEGER NOT NULL,"
	" number INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (batch, level, number))"
	" WITHOUT ROWID",

	/* what happened */
	"CREATE TABLE receipts (number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	" at_ms INTEGER NOT NULL, items INTEGER NOT NULL, sent INTEGER NOT NULL,"
	" received INTEGER NOT NULL, full INTEGER NOT NULL, estimated INTEGER NOT NULL,"
	" failed INTEGER NOT NULL, restore TEXT NOT NULL)",
	"CREATE TABLE receipt_items (receipt INTEGER NOT NULL, line INTEGER NOT NULL,"
	" app TEXT NOT NULL, id TEXT NOT NULL, name TEXT NOT NULL, result TEXT NOT NULL,"
	" bytes INTEGER NOT NULL, reason TEXT NOT NULL, PRIMARY KEY (receipt, line)) WITHOUT ROWID",
	"CREATE TABLE restores (number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE,"
	" at_ms INTEGER NOT NULL, device BLOB NOT NULL, finished INTEGER NOT NULL,"
	" undone INTEGER NOT NULL)",
	"CREATE TABLE kept (number INTEGER PRIMARY KEY AUTOINCREMENT, kind INTEGER NOT NULL,"
	" restore TEXT NOT NULL, app TEXT NOT NULL, native_id BLOB NOT NULL, item BLOB NOT NULL,"
	" name TEXT NOT NULL, field TEXT NOT NULL, source BLOB NOT NULL, kept_ms INTEGER NOT NULL,"
	" written BLOB NOT NULL, epoch INTEGER NOT NULL, added_keys BLOB NOT NULL,"
	" taken INTEGER NOT NULL, body BLOB NOT NULL)",
	"CREATE INDEX kept_item ON kept (app, native_id)",
	"CREATE INDEX kept_restore ON kept (restore)",
	/* what later programs added */
	SCHEMA_THREADS,
	SCHEMA_TAKEN,
	SCHEMA_DUE,
	SCHEMA_KEPT_OUT,
	SCHEMA_SENT_OBJECTS,
	NULL,
};

static const char *const add_threads[] = {
	SCHEMA_THREADS,
	"UPDATE sources SET state = 1 WHERE app IN (SELECT id FROM apps WHERE adapter = 'sms-xml')",
	NULL,
};

static const char *const add_taken[] = {
	SCHEMA_TAKEN,
	"UPDATE items SET type = NULL WHERE type LIKE 'image/%' OR type LIKE 'video/%'",
	NULL,
};

static const char *const add_rules[] = { SCHEMA_DUE, SCHEMA_KEPT_OUT, NULL };

static const char *const add_sent_objects[] = {
	SCHEMA_SENT_OBJECTS,
	NULL,
};

const struct schema_addition schema_additions[] = {
	{ "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'threads')", add_threads },
	{ "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'taken')", add_taken },
	{ "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'due')", add_rules },
	{ "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = 'sent_objects')",
	  add_sent_objects },
	{ NULL, NULL },
};
/* clang-format on */
