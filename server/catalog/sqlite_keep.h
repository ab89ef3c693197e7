/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite_keep: the statements of retention and clearing away; the operations are in sqlite_keep.c and
 * sqlite_purge.c.
 *
 * superseded has a row for each version that has ended and whose frame is still there, for tombstones
 * from their beginning.  `anchor` is until when the start of a month keeps it; `void`, whether its
 * batch came after the cut of its device.
 */
#ifndef CATALOG_SQLITE_KEEP_H
#define CATALOG_SQLITE_KEEP_H

/* clang-format off */
#define KEEP_RECORDS_OF "BETWEEN b.id << 14 AND (b.id << 14) + 16383"

/* ?2: now, ?3: R, both in milliseconds. */
#define KEEP_IS_DUE "s.void = 0 AND s.ended + ?3 <= ?2 AND s.anchor <= ?2"
/* The record @r brings content, and what is left of it is there. */
#define KEEP_HAS_CONTENT(r) #r ".frame IS NOT NULL AND (" #r ".flags & 1) = 0"

/* What will still be there of an item that loses what is anchored at ?4, and is older than R. */
#define KEEP_OLDER_STAYS \
	"EXISTS(SELECT 1 FROM records AS o JOIN batches AS ob ON ob.id = o.id >> 14 " \
	"LEFT JOIN superseded AS os ON os.record = o.id WHERE o.folder = r.folder " \
	"AND o.item = r.item AND " KEEP_HAS_CONTENT(o) " AND ob.from_ms <= ?2 - ?3 " \
	"AND (os.record IS NULL OR (os.void = 0 AND os.anchor <> ?4 " \
	"AND (os.ended + ?3 > ?2 OR os.anchor > ?2))))"

#define KEEP_STATEMENTS(X) \
	X(CLOCK_KEEP,     "UPDATE clock SET retention_ms = max(retention_ms, ?1) WHERE id = 1") \
	X(RECORD_END,     "INSERT INTO superseded(record, device, ended, anchor, void) " \
			  "SELECT (id << 14) + ?3, ?1, ?4, CASE WHEN ?5 >= from_ms THEN ?6 ELSE 0 END, 0 " \
			  "FROM batches WHERE device = ?1 AND seq = ?2 ON CONFLICT(record) DO NOTHING") \
	X(ENDED_DUE,      "SELECT s.record, r.folder, r.item, r.version, r.flags, s.ended, s.void " \
			  "FROM superseded AS s JOIN records AS r ON r.id = s.record " \
			  "JOIN folders AS f ON f.row = r.folder " \
			  "WHERE s.device = ?1 AND (s.ended, s.record) > (?4, ?5) AND s.ended <= ?2 AND (" \
			  "(s.void = 1 AND s.ended + ?6 <= ?2) OR (" KEEP_IS_DUE " AND f.held_at = 0)) " \
			  "ORDER BY s.ended, s.record LIMIT ?7") \
	X(OLDER_THAN,     "SELECT 1 FROM records WHERE folder = ?1 AND item = ?2 AND version < ?3 " \
			  "AND frame IS NOT NULL LIMIT 1") \
	X(FRAME_OF,       "SELECT leaf, frame FROM records WHERE id = ?1 AND frame IS NOT NULL") \
	X(FRAME_CLEAR,    "UPDATE records SET frame = NULL WHERE id = ?1") \
	X(ENDED_DROP,     "DELETE FROM superseded WHERE record = ?1") \
	X(DAMAGED_DROP,   "DELETE FROM damaged WHERE record = ?1") \
	X(REF_DROP,       "DELETE FROM refs WHERE owner = ?1 AND cid = ?2 AND record = ?3") \
	X(REFS_DROP_ALL,  "DELETE FROM refs WHERE record = ?1") \
	X(BATCHES_EMPTY,  "SELECT " BATCH_COLUMNS " FROM batches AS b WHERE device = ?1 AND seq > ?2 " \
			  "AND seq <> ?3 AND (from_ms <= ?4 OR seq > ?3) " \
			  "AND NOT EXISTS(SELECT 1 FROM records AS r WHERE r.id " KEEP_RECORDS_OF \
			  " AND r.frame IS NOT NULL) ORDER BY seq LIMIT ?5") \
	X(BATCH_BYTES,    "SELECT length(prefix) FROM batches WHERE id = ?1") \
	X(BATCH_RECORDS_DROP, "DELETE FROM records WHERE id BETWEEN ?1 << 14 AND (?1 << 14) + 16383") \
	X(BATCH_DROP,     "DELETE FROM batches WHERE id = ?1") \
	X(FOLDERS,        "SELECT row, folder, held_at, lifted_at FROM folders WHERE device = ?1 ORDER BY row") \
	X(FOLDER_PUT,     "UPDATE folders SET held_at = ?2, lifted_at = ?3 WHERE row = ?1") \
	X(MONTHS_DUE,     "SELECT r.folder, s.anchor, count(DISTINCT r.item) FROM superseded AS s " \
			  "JOIN records AS r ON r.id = s.record JOIN folders AS f ON f.row = r.folder " \
			  "WHERE s.device = ?1 AND s.ended <= ?2 AND " KEEP_IS_DUE " AND s.anchor > 0 " \
			  "AND (r.flags & 1) = 0 AND s.ended > f.lifted_at GROUP BY 1, 2") \
	X(FOLDER_LOSING,  "SELECT count(DISTINCT r.item) FROM superseded AS s " \
			  "JOIN records AS r ON r.id = s.record JOIN folders AS f ON f.row = r.folder " \
			  "WHERE s.device = ?1 AND s.void = 0 AND s.anchor = ?4 AND r.folder = ?5 " \
			  "AND s.ended > f.lifted_at AND (r.flags & 1) = 0 AND NOT " KEEP_OLDER_STAYS) \
	X(FOLDER_OF_MONTH, "SELECT count(DISTINCT r.item) FROM records AS r " \
			  "JOIN batches AS b ON b.id = r.id >> 14 " \
			  "LEFT JOIN superseded AS s ON s.record = r.id WHERE r.folder = ?1 " \
			  "AND " KEEP_HAS_CONTENT(r) " AND b.from_ms <= ?2 " \
			  "AND (s.record IS NULL OR (s.void = 0 AND s.ended > ?2))") \
	X(CHUNKS_IDLE,    "SELECT " CHUNK_COLUMNS " FROM chunks AS c WHERE device = ?1 AND cid > ?2 " \
			  "AND wanted_at <= ?3 AND NOT EXISTS(SELECT 1 FROM refs AS r " \
			  "WHERE r.owner = c.device AND r.cid = c.cid) ORDER BY cid LIMIT ?4") \
	X(CHUNKS_ALL,     "SELECT " CHUNK_COLUMNS ", c.device, d.account, d.device FROM chunks AS c " \
			  "CROSS JOIN devices AS d ON d.row = c.device WHERE (c.device, c.cid) > (?1, ?2) " \
			  "ORDER BY c.device, c.cid LIMIT ?3") \
	X(CHUNK_DROP,     "DELETE FROM chunks WHERE device = ?1 AND cid = ?2") \
	X(DEAD_DUE,       "SELECT object FROM dead AS d WHERE due <= ?1 AND object > ?2 " \
			  "AND NOT EXISTS(SELECT 1 FROM chunks AS c WHERE c.object = d.object) " \
			  "ORDER BY object LIMIT ?3") \
	X(DEAD_DROP,      "DELETE FROM dead WHERE object = ?1") \
	X(OBJECT_KNOWN,   "SELECT 1 WHERE EXISTS(SELECT 1 FROM chunks WHERE object = ?1) " \
			  "OR EXISTS(SELECT 1 FROM dead WHERE object = ?1)") \
	/* Cutting a device off after ?2: what its void batches weigh, and who is what again. */ \
	X(CUT_BYTES,      "SELECT coalesce((SELECT sum(length(prefix)) FROM batches " \
			  "WHERE device = ?1 AND seq > ?2 AND seq <= ?3), 0) " \
			  "+ coalesce((SELECT sum(length(r.frame)) " \
			  "FROM batches AS b JOIN records AS r ON r.id " KEEP_RECORDS_OF \
			  " WHERE b.device = ?1 AND b.seq > ?2 AND b.seq <= ?3), 0)") \
	X(CUT_CHUNKS,     "UPDATE chunks SET uncounted = 1 WHERE device = ?1 AND uncounted = 0 " \
			  "AND NOT EXISTS(SELECT 1 FROM refs AS r JOIN batches AS b ON b.id = r.record >> 14 " \
			  "WHERE r.owner = chunks.device AND r.cid = chunks.cid " \
			  "AND (b.device <> ?1 OR b.seq <= ?2))") \
	X(UNCOUNTED,      "SELECT coalesce(sum(size), 0), " \
			  "coalesce(sum(CASE committed WHEN 0 THEN size ELSE 0 END), 0) " \
			  "FROM chunks WHERE device = ?1 AND uncounted = 1") \
	X(CUT_REVIVE,     "DELETE FROM superseded WHERE void = 0 AND record IN (SELECT (SELECT x.id " \
			  "FROM records AS x WHERE x.folder = i.folder AND x.item = i.item " \
			  "AND x.seq <= ?2 AND x.frame IS NOT NULL ORDER BY x.version DESC LIMIT 1) " \
			  "FROM items AS i WHERE i.device = ?1 AND i.seq > ?2) " \
			  "AND (SELECT flags & 1 FROM records AS y WHERE y.id = superseded.record) = 0") \
	X(CUT_ITEMS,      "UPDATE items SET versions = r.version, seq = r.seq, idx = r.id & 16383, " \
			  "flags = r.flags, leaf = r.leaf, bytes = r.bytes, live = (r.flags & 1) = 0 FROM records AS r " \
			  "WHERE items.device = ?1 AND items.seq > ?2 AND r.id = (SELECT x.id " \
			  "FROM records AS x WHERE x.folder = items.folder AND x.item = items.item " \
			  "AND x.seq <= ?2 AND x.frame IS NOT NULL ORDER BY x.version DESC LIMIT 1)") \
	X(CUT_GONE,       "UPDATE items SET live = 0 WHERE device = ?1 AND seq > ?2") \
	X(CUT_VOID,       "INSERT INTO superseded(record, device, ended, anchor, void) " \
			  "SELECT r.id, ?1, ?3, 0, 1 FROM batches AS b JOIN records AS r ON r.id " \
			  KEEP_RECORDS_OF " WHERE b.device = ?1 AND b.seq > ?2 AND b.seq <= ?4 " \
			  "AND r.frame IS NOT NULL " \
			  "ON CONFLICT(record) DO UPDATE SET ended = ?3, anchor = 0, void = 1") \
	X(LIVE_COUNT,     "SELECT count(*) FROM items WHERE device = ?1 AND live = 1") \
	/* Emptying a retired device. */ \
	X(EMPTY_END,      "INSERT INTO superseded(record, device, ended, anchor, void) " \
			  "SELECT (b.id << 14) + i.idx, ?1, ?2, 0, 0 FROM items AS i " \
			  "JOIN batches AS b ON b.device = i.device AND b.seq = i.seq " \
			  "WHERE i.device = ?1 AND i.live = 1 ON CONFLICT(record) DO NOTHING") \
	X(EMPTY_HOLDS,    "UPDATE folders SET held_at = 0 WHERE device = ?1") \
	X(EMPTY_ITEMS,    "UPDATE items SET live = 0 WHERE device = ?1 AND live = 1") \
	/* Removing an account. */ \
	X(ACCOUNT_REMOVE, "UPDATE accounts SET removed = 1 WHERE account = ?1") \
	X(REMOVED,        "SELECT " ACCOUNT_COLUMNS " FROM accounts WHERE removed = 1 ORDER BY account") \
	X(PURGE_DEAD,     "INSERT INTO dead(object, due) SELECT object, 0 FROM chunks " \
			  "WHERE device = ?1 ORDER BY cid LIMIT ?2 ON CONFLICT DO NOTHING") \
	X(PURGE_CHUNKS,   "DELETE FROM chunks WHERE device = ?1 AND cid IN " \
			  "(SELECT cid FROM chunks WHERE device = ?1 ORDER BY cid LIMIT ?2)") \
	X(PURGE_REFS,     "DELETE FROM refs WHERE owner = ?1 AND (cid, record) IN " \
			  "(SELECT cid, record FROM refs WHERE owner = ?1 LIMIT ?2)") \
	X(PURGE_ENDED,    "DELETE FROM superseded WHERE record IN " \
			  "(SELECT record FROM superseded WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_DAMAGED,  "DELETE FROM damaged WHERE record IN " \
			  "(SELECT record FROM damaged WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_RECORDS,  "DELETE FROM records WHERE id IN (SELECT r.id FROM batches AS b " \
			  "CROSS JOIN records AS r ON r.id " KEEP_RECORDS_OF " WHERE b.device = ?1 LIMIT ?2)") \
	X(PURGE_BATCHES,  "DELETE FROM batches WHERE id IN " \
			  "(SELECT id FROM batches WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_ITEMS,    "DELETE FROM items WHERE device = ?1 AND (item, folder) IN " \
			  "(SELECT item, folder FROM items WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_NODES,    "DELETE FROM nodes WHERE device = ?1 AND node IN " \
			  "(SELECT node FROM nodes WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_FOLDERS,  "DELETE FROM folders WHERE row IN " \
			  "(SELECT row FROM folders WHERE device = ?1 LIMIT ?2)") \
	X(PURGE_DEVICE,   "DELETE FROM devices WHERE row = ?1 AND ?2") \
	X(PURGE_LOG,      "DELETE FROM log WHERE account = ?1") \
	X(PURGE_WRAPS,    "DELETE FROM wraps WHERE account = ?1") \
	X(PURGE_ACCOUNT,  "DELETE FROM accounts WHERE account = ?1 AND removed = 1") \
	X(COMPACT,        "PRAGMA incremental_vacuum(1024)") \
	X(SAMPLE_PUT,     "INSERT INTO samples(day, bytes, free) VALUES(?1, ?2, ?3) " \
			  "ON CONFLICT(day) DO UPDATE SET bytes = excluded.bytes, free = excluded.free") \
	X(SAMPLES_DROP,   "DELETE FROM samples WHERE day < ?1") \
	X(SAMPLES,        "SELECT day, bytes, free FROM samples ORDER BY day")
/* clang-format on */

#endif
