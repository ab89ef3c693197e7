/* SPDX-License-Identifier: Apache-2.0 */
/* here: see here.h. */
#include "cli/here.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/array.h"
#include "box/inventory.h"
#include "box/rules.h"

#define NOTE_BYTES 1024

void
here_clear(struct here *h)
{
	app_session_free(h->session);
	app_free(h->app);
	for (size_t i = 0; i < h->n_unread; i++) {
		free(h->unread[i].source);
		free(h->unread[i].reason);
	}
	free(h->unread);
	*h = (struct here)HERE_INIT;
}

/* The apps of the Box; owns their strings. */
struct known {
	struct app_known *list;
	size_t n, cap;
};

static void
known_clear(struct known *k)
{
	for (size_t i = 0; i < k->n; i++) {
		free((char *)k->list[i].name);
		free((char *)k->list[i].adapter);
		free((char *)k->list[i].path);
	}
	free(k->list);
}
AUTO_OBJ(known_clear, struct known);

static int
note_known(void *ctx, const struct app *app, struct err *err)
{
	struct known *k = ctx;
	struct app_known *one;

	if (array_reserve((void **)&k->list, &k->cap, k->n + 1, sizeof *k->list, SIZE_MAX / 2,
			  err) < 0)
		return -1;
	one = &k->list[k->n++];
	one->name = strdup(app->name);
	one->adapter = strdup(app->adapter);
	one->path = strdup(app->path);
	return one->name && one->adapter && one->path ? 0 : err_nomem(err);
}

int
here_found_each(struct cli *cli, app_found_fn *fn, void *ctx, struct err *err)
{
	AUTO(known_clear) struct known known = { 0 };
	struct box *box = cli_account_box(cli, err);

	if (!box || box_app_places_each(box, note_known, &known, err) < 0)
		return -1;
	return apps_find(known.list, known.n, fn, ctx, err);
}

struct looking {
	struct cli *cli;
	const char *name; /* NULL: any */
};

/* An app found by itself is put into the Box. */
static int
put_if_meant(void *ctx, const struct app *app, struct err *err)
{
	struct looking *l = ctx;

	return l->name && strcmp(app->name, l->name) != 0 ? 0 : box_app_put(l->cli->box, app, err);
}

int
here_know(struct cli *cli, const char *name, struct err *err)
{
	struct looking l = { cli, name };

	return here_found_each(cli, put_if_meant, &l, err);
}

int
here_get(struct app **out, struct cli *cli, const char *name, struct err *err)
{
	if (here_know(cli, name, err) < 0)
		return -1;
	return box_app_get(out, cli->box, name, err);
}

/* What a refresh refused, told as it comes; on a screen up to a number. */
struct refusals {
	const struct cli *cli;
	const char *app;
	struct here *here;
	unsigned n, limit;
};

/* It may well be an item, and could not be looked at. */
static bool
is_unread(const struct err *why)
{
	return why->code == ERR_IO || why->code == ERR_CONFLICT; /* it keeps changing */
}

static int
keep_unread(struct here *h, const struct app_refused *refused, struct err *err)
{
	struct here_unread *u;

	if (array_reserve((void **)&h->unread, &h->cap_unread, h->n_unread + 1, sizeof *h->unread,
			  SIZE_MAX / 2, err) < 0)
		return -1;
	u = &h->unread[h->n_unread++];
	u->source = strdup(refused->source ? refused->source : "");
	u->reason = strdup(refused->why->msg);
	return u->source && u->reason ? 0 : err_nomem(err);
}

/* A syntax error tells file, line and column by itself. */
static bool
says_where(const struct app_refused *refused)
{
	size_t n = refused->source ? strlen(refused->source) : 0;

	return n && strncmp(refused->why->msg, refused->source, n) == 0 &&
	       refused->why->msg[n] == ':';
}

static int
tell_refused(void *ctx, const struct app_refused *refused, struct err *err)
{
	struct refusals *r = ctx;
	char note[NOTE_BYTES];

	if (is_unread(refused->why) && keep_unread(r->here, refused, err) < 0)
		return -1;
	if (r->n++ >= r->limit)
		return 0;
	if (says_where(refused) || !refused->source) /* "a.vcf:14:1: expected END:VCARD, …" */
		snprintf(note, sizeof note, "%s: %s", r->app, refused->why->msg);
	else if (refused->line)
		snprintf(note, sizeof note, "%s: %s:%u: %s", r->app, refused->source, refused->line,
			 refused->why->msg);
	else
		snprintf(note, sizeof note, "%s: %s: %s", r->app, refused->source,
			 refused->why->msg);
	cli_warn(r->cli, note);
	return 0;
}

/* Items that the app's rules could not be asked about. */
static int
tell_unasked(struct refusals *r, struct err *err)
{
	struct err why = { 0 };
	struct app_refused refused = { .why = &why };
	struct rules_unasked unasked;

	if (rules_unasked(&unasked, r->cli->box, r->app, err) < 0)
		return -1;
	if (unasked.items == 0)
		return 0;
	err_set(&why, ERR_IO,
		"%llu new items could not be read now, so no rule was asked about them",
		(unsigned long long)unasked.items);
	return tell_refused(r, &refused, err);
}

static int
refresh(struct here *h, struct cli *cli, const char *name, struct err *err)
{
	struct refusals r = { cli, name, h, 0, isatty(STDERR_FILENO) ? HERE_NOTES : UINT_MAX };

	if (inventory_refresh(NULL, cli->box, h->session, tell_refused, &r, err) < 0)
		return err_wrap(err, "%s", name);
	if (tell_unasked(&r, err) < 0)
		return -1;
	if (r.n > r.limit) {
		char note[NOTE_BYTES];
		unsigned more = r.n - r.limit;

		snprintf(note, sizeof note,
			 text_plural("%s: %u more is no item", "%s: %u more are no items", more),
			 name, more);
		cli_warn(cli, note);
	}
	return 0;
}

int
here_open(struct here *out, struct cli *cli, const char *name, struct err *err)
{
	AUTO(here_clear) struct here h = HERE_INIT;

	if (here_get(&h.app, cli, name, err) < 0 || app_session_open(&h.session, h.app, err) < 0 ||
	    refresh(&h, cli, name, err) < 0)
		return -1;
	*out = h;
	h = (struct here)HERE_INIT;
	return 0;
}

/* Names first: the callback may not change the inventory. */
struct names {
	char (*names)[APP_NAME_MAX + 1];
	size_t n, cap;
};

static int
collect_name(void *ctx, const struct app *app, const struct box_app_counts *counts, struct err *err)
{
	struct names *names = ctx;

	(void)counts;
	if (array_reserve((void **)&names->names, &names->cap, names->n + 1, sizeof *names->names,
			  SIZE_MAX / 2, err) < 0)
		return -1;
	snprintf(names->names[names->n++], sizeof *names->names, "%s", app->name);
	return 0;
}

int
here_refresh_all(struct cli *cli, struct err *err)
{
	struct names names = { 0 };
	int rc;

	if (!cli_account_box(cli, err))
		return -1;
	rc = box_apps_each(cli->box, collect_name, &names, err);
	for (size_t i = 0; rc == 0 && i < names.n; i++) {
		AUTO(here_clear) struct here h = HERE_INIT;
		struct err why = { 0 };

		if (here_open(&h, cli, names.names[i], &why) < 0) {
			char note[NOTE_BYTES];

			snprintf(note, sizeof note, "%s: %s", names.names[i], why.msg);
			cli_warn(cli, note);
		}
	}
	free(names.names);
	return rc;
}
