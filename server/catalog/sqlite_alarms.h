/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_alarms: the statements of alarms; the operations are in sqlite_alarms.c. */
#ifndef CATALOG_SQLITE_ALARMS_H
#define CATALOG_SQLITE_ALARMS_H

/* clang-format off */
#define ALARM_COLUMNS     "a.id, a.account, a.device, a.kind, a.raised_at, a.since, a.mark, a.ended_at, a.number"
#define RECIPIENT_COLUMNS "account, mail, webhook, mailed_at, posted_at"
#define GROWTH_COLUMNS    "account, day, bytes, recent_day, recent_bytes"

/* ?1: now on the retention clock. */
#define ALARM_OVERDUE     "(d.period > 0 AND d.came + d.period + d.grace <= ?1)"
#define ALARM_NOT_REMOVED "EXISTS(SELECT 1 FROM accounts AS o WHERE o.account = a.account AND o.removed = 0)"

#define ALARM_STATEMENTS(X) \
	X(WORRYING,       "SELECT " DEVICE_COLUMNS " FROM devices AS d WHERE d.state = 0 AND d.suspended = 0 " \
			  "AND (" ALARM_OVERDUE " OR d.drill = 2) AND EXISTS(SELECT 1 FROM accounts AS a " \
			  "WHERE a.account = d.account AND a.suspended = 0 AND a.removed = 0) ORDER BY d.row") \
	X(GRACE,          "UPDATE devices SET grace = grace + ?1 + CASE grace WHEN 0 THEN min(period, ?2) ELSE 0 END " \
			  "WHERE period > 0") \
	X(HELD,           "SELECT d.account, d.device, count(*) FROM folders AS f " \
			  "JOIN devices AS d ON d.row = f.device WHERE f.held_at > 0 AND d.state = 0 " \
			  "AND EXISTS(SELECT 1 FROM accounts AS a WHERE a.account = d.account AND a.removed = 0) " \
			  "GROUP BY d.row ORDER BY d.row") \
	X(ALARMS,         "SELECT " ALARM_COLUMNS " FROM alarms AS a WHERE a.ended_at = 0 AND " \
			  ALARM_NOT_REMOVED " ORDER BY a.id") \
	X(ALARMS_OF,      "SELECT " ALARM_COLUMNS " FROM alarms AS a WHERE a.account = ?1 AND a.ended_at = 0 " \
			  "ORDER BY a.id") \
	X(ALARM_ADD,      "INSERT INTO alarms(account, device, kind, raised_at, since, mark, ended_at, number) " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6, 0, ?7) ON CONFLICT DO NOTHING") \
	X(ALARM_END,      "UPDATE alarms SET ended_at = ?2 WHERE id = ?1 AND ended_at = 0") \
	X(ALARM_QUEUE,    "INSERT INTO deliveries(alarm, account, channel, ended, tries, due, since) " \
			  "SELECT a.id, a.account, ?2, ?3, 0, ?4, ?4 FROM alarms AS a " \
			  "JOIN recipients AS r ON r.account = a.account WHERE a.id = ?1 " \
			  "AND CASE ?2 WHEN 1 THEN r.mail ELSE r.webhook END <> '' AND ?5 > " \
			  "(SELECT count(*) FROM deliveries AS w WHERE w.account = a.account AND w.channel = ?2)") \
	X(DELIVERIES_OF_GONE, "DELETE FROM deliveries WHERE alarm IN (SELECT a.id FROM alarms AS a " \
			  "WHERE a.device <> zeroblob(16) AND NOT EXISTS(SELECT 1 FROM devices AS d " \
			  "WHERE d.account = a.account AND d.device = a.device AND d.state = 0))") \
	X(ALARMS_OF_GONE, "DELETE FROM alarms AS a WHERE a.device <> zeroblob(16) AND NOT EXISTS(SELECT 1 " \
			  "FROM devices AS d WHERE d.account = a.account AND d.device = a.device AND d.state = 0)") \
	X(ALARMS_TOLD,    "DELETE FROM alarms AS a WHERE a.ended_at > 0 AND NOT EXISTS(SELECT 1 " \
			  "FROM deliveries AS w WHERE w.alarm = a.id)") \
	X(RECIPIENT_GET,  "SELECT " RECIPIENT_COLUMNS " FROM recipients WHERE account = ?1") \
	X(RECIPIENT_PUT,  "INSERT INTO recipients(" RECIPIENT_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5) " \
			  "ON CONFLICT(account) DO UPDATE SET mail = excluded.mail, webhook = excluded.webhook, " \
			  "mailed_at = excluded.mailed_at, posted_at = excluded.posted_at") \
	X(GROWTH_GET,     "SELECT " GROWTH_COLUMNS " FROM growth WHERE account = ?1") \
	X(GROWTH_PUT,     "INSERT INTO growth(" GROWTH_COLUMNS ") VALUES(?1, ?2, ?3, ?4, ?5) " \
			  "ON CONFLICT(account) DO UPDATE SET day = excluded.day, bytes = excluded.bytes, " \
			  "recent_day = excluded.recent_day, recent_bytes = excluded.recent_bytes") \
	X(DELIVERIES,     "SELECT " ALARM_COLUMNS ", w.id, w.channel, w.ended, w.tries, w.due, w.since " \
			  "FROM deliveries AS w JOIN alarms AS a ON a.id = w.alarm WHERE w.due <= ?1 AND " \
			  ALARM_NOT_REMOVED " ORDER BY w.account, w.channel, w.id") \
	X(DELIVERY_PUT,   "UPDATE deliveries SET tries = ?2, due = ?3 WHERE id = ?1") \
	X(DELIVERY_DROP,  "DELETE FROM deliveries WHERE id = ?1") \
	X(DELIVERY_COUNT, "SELECT count(*) FROM deliveries") \
	X(PURGE_DELIVERIES, "DELETE FROM deliveries WHERE account = ?1") \
	X(PURGE_ALARMS,   "DELETE FROM alarms WHERE account = ?1") \
	X(PURGE_RECIPIENT, "DELETE FROM recipients WHERE account = ?1") \
	X(PURGE_GROWTH,   "DELETE FROM growth WHERE account = ?1")
/* clang-format on */

#endif
