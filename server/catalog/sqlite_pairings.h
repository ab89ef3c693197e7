/* SPDX-License-Identifier: Apache-2.0 */
/* sqlite_pairings: the statements of pairings; the operations are in sqlite_pairings.c. */
#ifndef CATALOG_SQLITE_PAIRINGS_H
#define CATALOG_SQLITE_PAIRINGS_H

/* clang-format off */
#define PAIRING_STATEMENTS(X) \
	X(PAIRING_GET,    "SELECT pairing, account, expires, joiner, host, over FROM pairings " \
			  "WHERE pairing = ?1") \
	X(PAIRING_ADD,    "INSERT INTO pairings(pairing, account, expires, joiner, host, over) " \
			  "VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING") \
	X(PAIRING_PUT,    "UPDATE pairings SET expires = ?3, joiner = ?4, host = ?5, over = ?6 " \
			  "WHERE pairing = ?1 AND account = ?2") \
	X(PAIRING_SAY,    "INSERT INTO pair_messages(pairing, side, number, message) " \
			  "VALUES(?1, ?2, ?3, ?4)") \
	X(PAIRING_HEARD,  "SELECT number, message FROM pair_messages WHERE pairing = ?1 AND side = ?2 " \
			  "AND number >= ?3 ORDER BY number") \
	X(PAIRINGS_EXPIRE, "DELETE FROM pairings WHERE expires <= ?1") \
	X(PAIRINGS_TRIM,  "DELETE FROM pairings WHERE account = ?1 AND pairing NOT IN " \
			  "(SELECT pairing FROM pairings WHERE account = ?1 " \
			  "ORDER BY expires DESC, pairing LIMIT ?2)") \
	X(PAIR_MESSAGES_DROP, "DELETE FROM pair_messages WHERE pairing NOT IN " \
			  "(SELECT pairing FROM pairings)")
/* clang-format on */

#endif
