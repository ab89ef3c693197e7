/* SPDX-License-Identifier: Apache-2.0 */
/* newest: see newest.h. */
#include "cli/newest.h"

#include "account/account.h"
#include "box/box_items.h"
#include "cli/show.h"
#include "cli/table.h"
#include "remote/remote.h"

#define ID_TEXT_BYTES (2 * CRYPTO_ID_BYTES + 1)

/* How many items of a folder are live: the last version of each says so. */
struct live {
	struct wire_item last;
	bool any;
	uint64_t n;
};

static void
count_last(struct live *l)
{
	if (l->any && !(l->last.flags & RECORD_TOMBSTONE))
		l->n++;
}

static int
begin_live(void *ctx, struct span prefix, uint64_t n, struct err *err)
{
	(void)prefix;
	(void)n;
	(void)err;
	*(struct live *)ctx = (struct live){ 0 };
	return 0;
}

static int
add_version(void *ctx, const struct wire_item *e, struct err *err)
{
	struct live *l = ctx;

	(void)err;
	if (l->any && !id16_equal(&l->last.item, &e->item))
		count_last(l);
	l->last = *e;
	l->any = true;
	return 0;
}

static int
count_box_items(uint64_t *n, struct unlocked *u, const struct id16 *device, struct err *err)
{
	AUTO(device_keys_free) struct device_keys *keys = NULL;
	struct live live = { 0 };
	struct wire_items_sink sink = { &live, begin_live, add_version };
	struct remote *remote = unlocked_remote(u, err);
	struct id16 folder;

	if (!remote || unlocked_device_keys(&keys, u, device, err) < 0)
		return -1;
	keys_folder_id(folder.b, keys, span_str(BOX_APP));
	if (remote_versions(remote, device, &folder, NULL, &sink, err) < 0)
		return -1;
	count_last(&live);
	*n = live.n;
	return 0;
}

int
newest_without_box(struct unlocked *u, struct account_newest *d, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		uint64_t box_items = 0;

		if (d[i].seq && count_box_items(&box_items, u, &d[i].device, err) < 0)
			return -1;
		d[i].n_items -= box_items < d[i].n_items ? box_items : d[i].n_items;
	}
	return 0;
}

void
newest_json(struct cli *cli, struct json_object *o, const struct account_newest *d, size_t n)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_push(cli, list);
		char id[ID_TEXT_BYTES];

		hex_encode(id, SPAN_ARRAY(d[i].device.b));
		json_put_text(cli, one, "device", id);
		json_put_text(cli, one, "name", d[i].name);
		json_put_when(cli, one, "date", d[i].newest_at_unix_ms);
		json_put_number(cli, one, "items", d[i].n_items);
		json_put_text(cli, one, "head_words", d[i].head_words);
	}
	json_put(cli, o, "newest", list);
}

void
newest_devices_json(struct cli *cli, const struct account_newest *d, size_t n)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_push(cli, list);
		char id[ID_TEXT_BYTES];

		hex_encode(id, SPAN_ARRAY(d[i].device.b));
		json_put_text(cli, one, "id", id);
		json_put_text(cli, one, "name", d[i].name);
		json_put_when(cli, one, "added_at", d[i].added_at_unix_ms);
		json_put_when(cli, one, "last_seen", d[i].last_seen_unix_ms);
		json_put_when(cli, one, "newest", d[i].newest_at_unix_ms);
		json_put_text(cli, one, "state", account_device_state_name(d[i].state));
	}
	json_result(cli, list);
}

static const char *
state_text(enum device_state state)
{
	switch (state) {
	case DEVICE_ALIVE:
		return _("alive");
	case DEVICE_REVOKED:
		return _("revoked");
	case DEVICE_RETIRED:
		return _("retired");
	case DEVICE_REPLACED:
		return _("replaced");
	case DEVICE_SUSPENDED:
		return _("suspended");
	}
	return "";
}

static int
add_rows(struct table *t, const struct account_newest *d, size_t n, bool states, struct err *err)
{
	for (size_t i = 0; i < n; i++) {
		char id[ID_TEXT_BYTES];

		hex_encode(id, SPAN_ARRAY(d[i].device.b));
		id[8] = '\0'; /* enough to name it by */
		if (TABLE_ADD(t, err, id, d[i].name, show_when(d[i].newest_at_unix_ms).s,
			      states ? state_text(d[i].state) : show_count(d[i].n_items).s,
			      d[i].head_words) < 0)
			return -1;
	}
	return 0;
}

static int
print_rows(struct cli *cli, const struct account_newest *d, size_t n, bool states, struct err *err)
{
	const struct column columns[] = {
		{ _("device"), COLUMN_LEFT },
		{ _("name"), COLUMN_SHRINKS },
		{ _("newest backup"), COLUMN_LEFT },
		{ states ? _("state") : _("items"), states ? COLUMN_LEFT : COLUMN_RIGHT },
		{ _("head"), COLUMN_LEFT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	if (add_rows(&t, d, n, states, err) < 0)
		return -1;
	return table_print(&t, stdout, cli->width, cli->colour_out, err);
}

int
newest_devices_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err)
{
	return print_rows(cli, d, n, true, err);
}

int
newest_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err)
{
	return print_rows(cli, d, n, false, err);
}
