/* SPDX-License-Identifier: Apache-2.0 */
/* newest: see newest.h. */
#include "cli/newest.h"

#include "account/account.h"
#include "cli/show.h"
#include "cli/table.h"

#define ID_TEXT_BYTES (2 * CRYPTO_ID_BYTES + 1)

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

int
newest_print(struct cli *cli, const struct account_newest *d, size_t n, struct err *err)
{
	const struct column columns[] = {
		{ _("device"), COLUMN_LEFT },        { _("name"), COLUMN_SHRINKS },
		{ _("newest backup"), COLUMN_LEFT }, { _("items"), COLUMN_RIGHT },
		{ _("head"), COLUMN_LEFT },
	};
	AUTO(table_clear) struct table t = TABLE_INIT(columns);

	for (size_t i = 0; i < n; i++) {
		char id[ID_TEXT_BYTES];

		hex_encode(id, SPAN_ARRAY(d[i].device.b));
		id[8] = '\0'; /* enough to name it by */
		if (TABLE_ADD(&t, err, id, d[i].name, show_when(d[i].newest_at_unix_ms).s,
			      show_count(d[i].n_items).s, d[i].head_words) < 0)
			return -1;
	}
	table_print(&t, stdout, cli->width, cli->colour_out);
	return 0;
}
