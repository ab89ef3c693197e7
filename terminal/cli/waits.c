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

#define DAY_MS      INT64_C(86400000)
#define WHERE_BYTES 512

/* "13 days", or soon. */
struct left {
	char s[96];
};

static struct left
left_of(const struct account_standing *s, uint64_t ms)
{
	int64_t days = (account_standing_left_ms(s, ms) + DAY_MS - 1) / DAY_MS;
	struct left l;

	snprintf(l.s, sizeof l.s, text_plural("%ld day", "%ld days", (unsigned long)days),
		 (long)days);
	return l;
}

static void
warn_delete(const struct cli *cli, const struct account_standing *s)
{
	char line[512];

	snprintf(line, sizeof line,
		 _("The account and all of its backups are going to be deleted, in %s of the "
		   "server's running. Any unlocking calls that off: cloudbox account keep"),
		 left_of(s, s->is.delete_ms).s);
	cli_warn(cli, line);
}

static void
warn_less(const struct cli *cli, const struct account_standing *s)
{
	char line[512];

	snprintf(line, sizeof line,
		 _("Old versions are going to be kept for %u days in place of %u, in %s of the "
		   "server's running. Any unlocking calls that off: cloudbox account keep"),
		 s->is.next_days, s->is.retention_days, left_of(s, s->is.next_ms).s);
	cli_warn(cli, line);
}

static void
warn_lift(const struct cli *cli, const struct account_standing *s)
{
	char line[512];

	snprintf(line, sizeof line,
		 _("What the server holds back from clearing is going to be let go, in %s of its "
		   "running. Any unlocking calls that off: cloudbox account keep"),
		 left_of(s, s->is.lift_ms).s);
	cli_warn(cli, line);
}

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
	flags &= account_standing_flags(s);
	if (flags & STANDING_DELETE)
		warn_delete(cli, s);
	if (flags & STANDING_LESS)
		warn_less(cli, s);
	if (flags & STANDING_LIFT)
		warn_lift(cli, s);
	if (flags & STANDING_HELD)
		warn_held(cli, s);
}

void
waits_called_off(const struct cli *cli, unsigned what)
{
	if (what & STANDING_DELETE)
		cli_warn(cli, _("The account was to be deleted. That is called off, because the "
				"account was unlocked."));
	if (what & STANDING_LESS)
		cli_warn(cli, _("Old versions were to be kept for fewer days. That is called off, "
				"because the account was unlocked."));
	if (what & STANDING_LIFT)
		cli_warn(cli, _("What the server holds back was to be let go. That is called off, "
				"because the account was unlocked."));
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
	waits_warn(cli, &s, begun);
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
