/* SPDX-License-Identifier: Apache-2.0 */
/* box_items_apply: the way back: what a saved part of a Box holds, added to this one. */
#include "apps/app_item.h"
#include "apps/apps.h"
#include "base/bytes.h"
#include "box/box_apps.h"
#include "box/box_internal.h"
#include "box/box_items.h"
#include "box/box_items_internal.h"
#include "box/kept_out.h"
#include "box/rules.h"
#include "box/settings.h"
#include "box/shortcuts.h"
#include "format/leb128.h"

static int
damaged(struct err *err)
{
	return err_set(err, ERR_FORMAT, "a part of the Box is damaged");
}

static struct span
take_bytes(struct reader *r)
{
	return read_span(r, (size_t)read_leb128(r, 4));
}

/* Copy @s to @out as a string: false if it is too long or holds a NUL. */
static bool
as_string(char *out, size_t cap, struct span s)
{
	if (s.n >= cap || memchr(s.n ? (const void *)s.p : "", 0, s.n))
		return false;
	memcpy(out, s.n ? (const void *)s.p : "", s.n);
	out[s.n] = '\0';
	return true;
}

static int
apply_app_settings(struct app *app, struct reader *r, struct err *err)
{
	char key[SETTING_KEY_MAX + 1], value[SETTING_VALUE_MAX + 1];

	for (uint64_t n = read_leb128(r, 4); n && !r->failed; n--) {
		struct span k = take_bytes(r), v = take_bytes(r);
		if (!as_string(key, sizeof key, k) || !as_string(value, sizeof value, v))
			return damaged(err);
		if (!r->failed && app && app_set(app, key, value, err) < 0)
			return -1;
	}
	return 0;
}

/* An app that exists keeps its adapter and path; one whose adapter this program does not have is
 * left out. */
static int
apply_app(struct box_item_counts *out, struct box *b, struct reader *r, struct err *err)
{
	AUTO(app_free) struct app *app = NULL, *here = NULL;
	char name[APP_NAME_MAX + 1], adapter[APP_NAME_MAX + 1], path[APP_PATH_MAX + 1];
	struct span n = take_bytes(r), a = take_bytes(r), p = take_bytes(r);
	struct err why = { 0 };

	if (r->failed || !as_string(name, sizeof name, n) ||
	    !as_string(adapter, sizeof adapter, a) || !as_string(path, sizeof path, p))
		return damaged(err);
	if (app_new(&app, name, adapter, path, &why) < 0 && why.code == ERR_NOMEM)
		return err_nomem(err);
	if (apply_app_settings(app, r, err) < 0)
		return -1;
	if (r->failed)
		return damaged(err);
	if (!app)
		return 0;
	if (box_app_get(&here, b, name, &why) == 0) {
		out->kept++;
		return 0;
	}
	if (why.code != ERR_NOT_FOUND)
		return *err = why, -1;
	out->apps++;
	return box_app_put(b, app, err);
}

static int
apply_setting(struct box_item_counts *out, struct box *b, struct reader *r, struct err *err)
{
	AUTO(buf_clear) struct buf here = BUF_INIT(SETTING_VALUE_MAX);
	char key[SETTING_KEY_MAX + 1];
	struct span k = take_bytes(r), v = take_bytes(r);
	int rc;

	if (r->failed || !as_string(key, sizeof key, k) || !key[0] ||
	    strncmp(key, "local-", 6) == 0 || v.n > SETTING_VALUE_MAX)
		return damaged(err);
	rc = setting_get(&here, b, key, err);
	if (rc == BOX_ABSENT) {
		out->settings++;
		return setting_set(b, key, v, err) < 0 ? -1 : rules_arrived(b, key, err);
	}
	out->kept += rc == 0;
	return rc;
}

static int
apply_settings(struct box_item_counts *out, struct box *b, struct reader *r, struct err *err)
{
	while (r->left.n && !r->failed) {
		uint8_t kind = read_u8(r);
		if (kind != KIND_APP && kind != KIND_SETTING)
			return err_set(err, ERR_UNSUPPORTED,
				       "the saved Box has an entry of the unknown kind %u", kind);
		if ((kind == KIND_APP ? apply_app : apply_setting)(out, b, r, err) < 0)
			return -1;
	}
	return r->failed ? damaged(err) : 0;
}

struct applying {
	struct box_item_counts *out;
	struct box *b;
};

/* Where the app has the item, the shortcut says what it is; else its path is its name for now. */
static int
add_shortcut(void *ctx, const char *app, struct span native_id, struct span path, bool selected,
	     struct err *err)
{
	struct box_item_counts *out = ((struct applying *)ctx)->out;
	struct box *b = ((struct applying *)ctx)->b;
	AUTO(inventory_found_clear) struct inventory_found f = INVENTORY_FOUND_INIT;
	AUTO(buf_clear) struct buf name = BUF_INIT(8192);
	char source[APP_PATH_MAX + 1];
	int rc = inventory_get(&f, b, app, native_id, err);

	if (rc < 0)
		return -1;
	if (rc == BOX_ABSENT) {
		if (!as_string(source, sizeof source, path))
			return damaged(err);
		if (name_for_people(&name, native_id, err) < 0 ||
		    inventory_item_id(f.item.item, b, app, native_id, err) < 0)
			return -1;
		f.item.app = app;
		f.item.native_id = native_id;
		f.item.name = buf_span(&name);
		f.item.place.source = source;
	}
	rc = shortcut_add(b, &f.item, selected, err);
	if (rc < 0)
		return -1;
	out->shortcuts += rc == 0;
	out->kept += rc == BOX_EXISTS;
	return 0;
}

/* @kept_out: where marks of items that are kept out go; NULL: nowhere. */
static int
read_shortcuts(const char *app, struct reader *r, box_item_shortcut_fn *fn, struct box *kept_out,
	       void *ctx, struct err *err)
{
	while (r->left.n && !r->failed) {
		struct span native_id = take_bytes(r), path = native_id;
		uint8_t flags = read_u8(r);

		if (flags == FLAG_KEPT_OUT && native_id.n == KEPT_OUT_BYTES) {
			if (kept_out && kept_out_put(kept_out, app, native_id, err) < 0)
				return -1;
			continue;
		}
		if (flags & ~(FLAG_SELECTED | FLAG_PATH))
			return damaged(err);
		if (flags & FLAG_PATH)
			path = take_bytes(r);
		if (r->failed || !native_id.n || native_id.n > APP_PATH_MAX + 64)
			return damaged(err);
		if (fn(ctx, app, native_id, path, flags & FLAG_SELECTED, err) < 0)
			return -1;
	}
	return r->failed ? damaged(err) : 0;
}

/* Past the version byte of a part of the Box: *@app is "" for `settings`. */
static int
item_open(struct reader *r, char app[static APP_NAME_MAX + 1], struct span native_id,
	  struct span bytes, struct err *err)
{
	const uint8_t *slash = native_id.n ? memchr(native_id.p, '/', native_id.n) : NULL;

	*r = reader_of(bytes);
	uint8_t version = read_u8(r);
	if (r->failed)
		return damaged(err);
	if (version != ITEM_VERSION)
		return err_set(err, ERR_UNSUPPORTED, "the saved Box has the unknown version %u",
			       version);
	app[0] = '\0';
	if (span_equal(native_id, span_str("settings")))
		return 0;
	if (!slash ||
	    !as_string(app, APP_NAME_MAX + 1,
		       span_of(native_id.p, (size_t)(slash - native_id.p))) ||
	    !app_name_is_valid(app))
		return damaged(err);
	return 0;
}

static int
item_apply(struct box_item_counts *out, struct box *b, struct span native_id, struct span bytes,
	   struct err *err)
{
	struct applying ctx = { out, b };
	char app[APP_NAME_MAX + 1];
	struct reader r;

	if (item_open(&r, app, native_id, bytes, err) < 0)
		return -1;
	return app[0] ? read_shortcuts(app, &r, add_shortcut, b, &ctx, err)
		      : apply_settings(out, b, &r, err);
}

int
box_item_each_shortcut(struct span native_id, struct span bytes, box_item_shortcut_fn *fn,
		       void *ctx, struct err *err)
{
	char app[APP_NAME_MAX + 1];
	struct reader r;

	if (item_open(&r, app, native_id, bytes, err) < 0)
		return -1;
	return app[0] ? read_shortcuts(app, &r, fn, NULL, ctx, err) : 0;
}

int
box_item_apply(struct box_item_counts *out, struct box *b, struct span native_id, struct span bytes,
	       struct err *err)
{
	const struct identity *id;

	if (box_identity_need(&id, b, err) < 0 || box_begin(b, err) < 0)
		return -1;
	return box_end(b, item_apply(out, b, native_id, bytes, err), err);
}
