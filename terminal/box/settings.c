/* SPDX-License-Identifier: Apache-2.0 */
/* settings: see settings.h. */
#include "box/settings.h"

#include "box/box_internal.h"

int
setting_get(struct buf *out, struct box *b, const char *key, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;
	int rc;

	if (query_init(&q, b, "SELECT value FROM settings WHERE key = ?1", err) < 0)
		return -1;
	query_text(&q, 1, key);
	rc = query_step(&q, err);
	if (rc != QUERY_ROW)
		return rc < 0 ? -1 : BOX_ABSENT;
	return buf_append(out, query_column_blob(&q, 0), err);
}

/* A setting that travels makes the Box's item `settings` look again. */
static int
setting_touched(struct box *b, const char *key, struct err *err)
{
	return strncmp(key, "local-", 6) == 0 ? 0 : box_items_touch_settings(b, err);
}

static int
setting_write(struct box *b, const char *key, struct span value, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "INSERT OR REPLACE INTO settings (key, value) VALUES (?1, ?2)", err) <
	    0)
		return -1;
	query_text(&q, 1, key);
	query_blob(&q, 2, value);
	return query_run(&q, err) < 0 ? -1 : setting_touched(b, key, err);
}

int
setting_set(struct box *b, const char *key, struct span value, struct err *err)
{
	if (!key[0] || strlen(key) > SETTING_KEY_MAX || value.n > SETTING_VALUE_MAX)
		return err_set(err, ERR_LIMIT, "a setting is too long: %s", key);
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, setting_write(b, key, value, err), err);
}

static int
setting_delete(struct box *b, const char *key, struct err *err)
{
	AUTO(query_clear) struct query q = QUERY_INIT;

	if (query_init(&q, b, "DELETE FROM settings WHERE key = ?1", err) < 0)
		return -1;
	query_text(&q, 1, key);
	return query_run(&q, err) < 0 ? -1 : setting_touched(b, key, err);
}

int
setting_remove(struct box *b, const char *key, struct err *err)
{
	if (box_begin(b, err) < 0)
		return -1;
	return box_end(b, setting_delete(b, key, err), err);
}
