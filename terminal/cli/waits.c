/* SPDX-License-Identifier: Apache-2.0 */
/* waits: see waits.h. */
#include "cli/waits.h"

#include "account/account.h"
#include "box/box_apps.h"
#include "box/box_items.h"
#include "box/identity.h"
#include "cli/cli.h"
#include "cli/show.h"
#include "os/os.h"

#define WHERE_BYTES 512

static const unsigned all_that_waits[] = { STANDING_DELETE, STANDING_LESS, STANDING_LIFT };

#define N_THAT_WAIT (sizeof all_that_waits / sizeof *all_that_waits)

/* --- holds --- */

struct naming {
	const struct device_keys *keys;
	struct id16 folder;
	char app[64 + 1];
};

static int
try_app(void *ctx, const char *name, bool in_box, struct err *err)
{
	struct naming *n = ctx;
	struct id16 folder;

	(void)in_box;
	(void)err;
	keys_folder_id(folder.b, n->keys, span_str(name));
	if (id16_equal(&folder, &n->folder))
		snprintf(n->app, sizeof n->app, "%s", name);
	return 0;
}

/* The app whose folder it is, as far as this terminal can tell; "" else. */
static void
app_of(char out[static 65], struct cli *cli, const struct wire_held *h)
{
	const struct identity *me = box_identity(cli->box);
	AUTO(device_keys_free) struct device_keys *opened = NULL;
	struct naming n = { .keys = me->ids, .folder = h->folder };
	struct err err;

	out[0] = 0;
	if (memcmp(h->device.b, me->device, sizeof me->device) != 0) {
		if (!cli->unlocked ||
		    unlocked_device_keys(&opened, cli->unlocked, &h->device, &err) < 0)
			return;
		n.keys = opened;
	}
	try_app(&n, BOX_APP, true, NULL);
	if (box_app_names_each(cli->box, try_app, &n, &err) < 0)
		return;
	snprintf(out, 65, "%s", n.app);
}

static void
device_of(char out[static ACCOUNT_DEVICE_NAME_MAX + 1], struct cli *cli, const struct wire_held *h)
{
	out[0] = 0;
	if (cli->unlocked)
		unlocked_device_name(out, cli->unlocked, &h->device);
	if (!out[0])
		account_device_name(out, cli->box, &h->device);
	if (!out[0])
		snprintf(out, ACCOUNT_DEVICE_NAME_MAX + 1, "%.8s", id16_hex(&h->device).s);
}

static void
warn_folder(struct cli *cli, const struct wire_held *h)
{
	char device[ACCOUNT_DEVICE_NAME_MAX + 1], app[65], line[WHERE_BYTES + 256];

	device_of(device, cli, h);
	app_of(app, cli, h);
	if (!app[0])
		snprintf(app, sizeof app, "%.8s", id16_hex(&h->folder).s);
	snprintf(line, sizeof line,
		 _("The server clears nothing away any more in %s of %s: %s of %s items would lose "
		   "their last old version."),
		 app, device, show_count(h->losing).s, show_count(h->items).s);
	cli_warn(cli, line);
}

static void
warn_held(struct cli *cli, const struct account_standing *s)
{
	for (uint32_t i = 0; i < s->is.n_held; i++)
		warn_folder(cli, &s->is.held[i]);
	cli_warn(cli, _("If they were forgotten or changed on purpose, let it go on: cloudbox "
			"retention --lift-hold. If not, get them back with cloudbox restore --at "
			"TIME, and shut out a device that is not yours any more: cloudbox revoke "
			"DEVICE"));
}

void
waits_warn(struct cli *cli, const struct account_standing *s, unsigned flags)
{
	char line[STANDING_TEXT_BYTES];

	flags &= account_standing_flags(s);
	for (size_t i = 0; i < N_THAT_WAIT; i++) {
		if (!(flags & all_that_waits[i]))
			continue;
		account_standing_say(line, s, all_that_waits[i]);
		cli_warn(cli, line);
	}
	if (flags & STANDING_HELD)
		warn_held(cli, s);
}

void
waits_called_off(const struct cli *cli, unsigned what)
{
	for (size_t i = 0; i < N_THAT_WAIT; i++)
		if (what & all_that_waits[i])
			cli_warn(cli, account_standing_say_off(all_that_waits[i]));
}

static void
put_pending(struct cli *cli, struct json_object *list, const struct account_standing *s,
	    const char *what, uint64_t ms)
{
	struct json_object *o;

	if (!ms)
		return;
	o = json_push(cli, list);
	json_put_text(cli, o, "what", what);
	json_put_when(cli, o, "at", os->now_unix_ms() + account_standing_left_ms(s, ms));
	if (ms == s->is.next_ms && s->is.next_days)
		json_put_number(cli, o, "days", s->is.next_days);
}

void
waits_json(struct cli *cli, struct json_object *o, const struct account_standing *s)
{
	struct json_object *pending = json_list(cli), *held = json_list(cli);

	put_pending(cli, pending, s, "delete", s->is.delete_ms);
	put_pending(cli, pending, s, "keep-less", s->is.next_ms);
	put_pending(cli, pending, s, "lift-hold", s->is.lift_ms);
	for (uint32_t i = 0; i < s->is.n_held; i++) {
		const struct wire_held *h = &s->is.held[i];
		struct json_object *one = json_push(cli, held);
		char device[ACCOUNT_DEVICE_NAME_MAX + 1], app[65];

		device_of(device, cli, h);
		app_of(app, cli, h);
		json_put_text(cli, one, "device", id16_hex(&h->device).s);
		json_put_text(cli, one, "name", device);
		json_put_text(cli, one, "app", app[0] ? app : NULL);
		json_put_text(cli, one, "folder", id16_hex(&h->folder).s);
		json_put_number(cli, one, "losing", h->losing);
		json_put_number(cli, one, "items", h->items);
	}
	json_put(cli, o, "pending", pending);
	json_put(cli, o, "held", held);
}

void
waits_follow(struct cli *cli)
{
	struct account_standing s;
	unsigned begun, over;
	struct err err;

	if (account_standing_follow(&s, &begun, &over, cli->box, cli->remote, &err) != 0)
		return;
	waits_warn(cli, &s, begun & STANDING_WAITS); /* of a hold a notice tells */
	waits_called_off(cli, over);
}

int
waits_kept(struct account_standing *out, struct cli *cli, struct err *err)
{
	int rc;

	*out = (struct account_standing){ 0 };
	rc = account_standing_kept(out, cli->box, err);
	return rc < 0 ? -1 : 0;
}
