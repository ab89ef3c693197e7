/* SPDX-License-Identifier: Apache-2.0 */
/* told: see told.h.  Items that were found identical are counted, not listed: nothing
 * happened; a preview lists them, too, with what makes them so. */
#include "cli/told.h"

#include <stdlib.h>
#include <string.h>

#include "cli/show.h"
#include "restore/restore.h"

void
told_fields(struct cli *cli, struct json_object *o, const char *key,
	    const struct restore_field *fields, size_t n)
{
	struct json_object *list = json_list(cli);

	for (size_t i = 0; i < n; i++) {
		struct json_object *one = json_push(cli, list);

		json_put_text(cli, one, "field", fields[i].field);
		json_put_text(cli, one, "value", fields[i].value);
	}
	json_put(cli, o, key, list);
}

static struct json_object *
json_of_item(struct cli *cli, const struct restore_item *item, bool preview)
{
	struct json_object *one = json_record(cli);

	json_put_text(cli, one, "app", item->app);
	json_put_text(cli, one, "id", item->id);
	json_put_text(cli, one, "name", item->name);
	json_put_text(cli, one, "result", restore_outcome_name(item->outcome));
	told_fields(cli, one, "fields_added", item->added, item->n_added);
	told_fields(cli, one, "fields_held", item->held, item->n_held);
	told_fields(cli, one, "fields_left", item->left, item->n_left);
	if (preview) {
		told_fields(cli, one, "fields_same", item->same, item->n_same);
		told_fields(cli, one, "fields_stays", item->stays, item->n_stays);
	}
	json_put_text(cli, one, "reason", item->reason);
	return one;
}

static int
print_json(struct cli *cli, const struct restore_result *r, bool preview, struct err *err)
{
	struct json_object *id = r->id[0] ? json_object_new_string(r->id) : NULL;

	if (json_open(cli, NULL, '{', err) < 0 || json_add(cli, "restore", id, err) < 0 ||
	    json_open(cli, "items", '[', err) < 0)
		return -1;
	for (size_t i = 0; i < r->n_items; i++) {
		const struct restore_item *item;

		if (restore_result_item(&item, r, i, err) < 0 ||
		    json_add(cli, NULL, json_of_item(cli, item, preview), err) < 0)
			return -1;
	}
	if (json_close(cli, err) < 0 || json_add_number(cli, "written", r->written, err) < 0 ||
	    json_add_number(cli, "bytes_received", r->bytes_received, err) < 0 ||
	    json_add_number(cli, "requests", r->requests, err) < 0)
		return -1;
	return json_close(cli, err);
}

void
told_fit(const struct restore_fit *fit, bool from_file)
{
	fprintf(stderr, _("%s keeps:"), fit->app);
	for (size_t i = 0; i < fit->n_kept; i++)
		fprintf(stderr, "%s %s", i ? "," : "", cli_clean(fit->kept[i].name));
	fputc('\n', stderr);
	if (fit->n_left == 0)
		return;
	fputs(from_file ? _("It has no place for these; they stay in the file:")
			: _("It has no place for these; they stay in the backup:"),
	      stderr);
	for (size_t i = 0; i < fit->n_left; i++)
		fprintf(stderr,
			text_plural("%s %s (%llu item)", "%s %s (%llu items)",
				    (unsigned long)fit->left[i].items),
			i ? "," : "", cli_clean(fit->left[i].name),
			(unsigned long long)fit->left[i].items);
	fputc('\n', stderr);
}

static const char *
mark(const struct cli *cli, enum restore_outcome outcome)
{
	switch (outcome) {
	case RESTORE_ADDED:
	case RESTORE_MERGED:
		return cli_green(cli);
	case RESTORE_SKIPPED:
		return cli_yellow(cli);
	case RESTORE_FAILED:
		return cli_red(cli);
	case RESTORE_IDENTICAL:
		break;
	}
	return "";
}

static const char *
outcome_text(enum restore_outcome outcome)
{
	switch (outcome) {
	case RESTORE_IDENTICAL:
		return _("identical");
	case RESTORE_MERGED:
		return _("merged");
	case RESTORE_ADDED:
		return _("added");
	case RESTORE_SKIPPED:
		return _("skipped");
	case RESTORE_FAILED:
		return _("failed");
	}
	return "";
}

/* One group of a preview; nothing where it is empty. */
static void
print_group(const char *heading, const struct restore_field *f, size_t n)
{
	if (n)
		printf("      %s\n", heading);
	for (size_t i = 0; i < n; i++)
		printf("        %s  %s\n", cli_clean(f[i].field), cli_value(f[i].value));
}

static void
print_held(const struct restore_field *f, size_t n, const char *indent)
{
	for (size_t i = 0; i < n; i++)
		printf(_("%s%s  stays %s; the backup has %s\n"), indent, cli_clean(f[i].field),
		       f[i].here[0] ? cli_value(f[i].here) : "-", cli_value(f[i].value));
}

static void
print_groups(const struct restore_item *item)
{
	print_group(_("the same:"), item->same, item->n_same);
	print_group(_("stays, only here:"), item->stays, item->n_stays);
	print_group(_("will be added:"), item->added, item->n_added);
	if (item->n_held)
		printf("      %s\n", _("held, not applied:"));
	print_held(item->held, item->n_held, "        ");
	print_group(_("not taken, the app has no place for it:"), item->left, item->n_left);
}

/* @others: like it, told with it. */
static void
print_item(struct cli *cli, const struct restore_item *item, uint64_t others, bool preview)
{
	printf("  %s%s%s %s%s%s", mark(cli, item->outcome), outcome_text(item->outcome),
	       cli_plain(cli), cli_bold(cli), cli_clean(item->name), cli_plain(cli));
	if (others)
		printf(text_plural(", %s other of %s", ", %s others of %s", (unsigned long)others),
		       show_count(others).s, cli_clean(item->app));
	if (item->reason[0])
		printf(" %s(%s)%s", cli_dim(cli), cli_clean(item->reason), cli_plain(cli));
	putchar('\n');
	if (preview) {
		print_groups(item);
		return;
	}
	if (item->outcome == RESTORE_ADDED)
		return; /* all of it is new: its fields would only repeat it */
	for (size_t i = 0; i < item->n_added; i++)
		printf("      + %s  %s\n", cli_clean(item->added[i].field),
		       cli_value(item->added[i].value));
	print_held(item->held, item->n_held, "      = ");
}

static struct shown
count(const struct restore_result *r, enum restore_outcome outcome)
{
	return show_count(restore_result_count(r, outcome));
}

/* So many of an app that failed, or were skipped, for one reason are told in one line (--json has each). */
#define ALIKE_MIN   10
#define REASONS_MAX 32 /* that are counted: one that concerns thousands comes early */

/* What the items tell together. */
struct together {
	uint64_t held;
	bool changed; /* something that was here */
	struct alike {
		char *app, *reason; /* owned */
		enum restore_outcome outcome;
		uint64_t n;
		bool told;
	} alike[REASONS_MAX];
	size_t n_alike;
};

static void
together_clear(struct together *t)
{
	for (size_t i = 0; i < t->n_alike; i++) {
		free(t->alike[i].app);
		free(t->alike[i].reason);
	}
}
AUTO_OBJ(together_clear, struct together);

/* Those of its app, outcome and reason; NULL: they are not counted. */
static struct alike *
alike_of(struct together *t, const struct restore_item *item)
{
	for (size_t i = 0; i < t->n_alike; i++) {
		struct alike *a = &t->alike[i];

		if (a->outcome == item->outcome && strcmp(a->reason, item->reason) == 0 &&
		    strcmp(a->app, item->app) == 0)
			return a;
	}
	return NULL;
}

static int
count_alike(struct together *t, const struct restore_item *item, struct err *err)
{
	struct alike *a = alike_of(t, item);

	if (item->outcome != RESTORE_FAILED && item->outcome != RESTORE_SKIPPED)
		return 0;
	if (!a && t->n_alike == REASONS_MAX)
		return 0;
	if (!a) {
		a = &t->alike[t->n_alike++];
		*a = (struct alike){ .app = strdup(item->app),
				     .reason = strdup(item->reason),
				     .outcome = item->outcome };
	}
	a->n++;
	return a->app && a->reason ? 0 : err_nomem(err);
}

/* The first of many alike tells of all of them. */
static void
tell_item(struct together *t, struct cli *cli, const struct restore_item *item, bool preview)
{
	struct alike *a = alike_of(t, item);
	bool many = a && a->n > ALIKE_MIN;

	if (many && a->told)
		return;
	print_item(cli, item, many ? a->n - 1 : 0, preview);
	if (many)
		a->told = true;
}

static int
print_items(struct together *t, struct cli *cli, const struct restore_result *r, bool preview,
	    struct err *err)
{
	const struct restore_item *item;

	for (size_t i = 0; i < r->n_items; i++) {
		if (restore_result_item(&item, r, i, err) < 0 || count_alike(t, item, err) < 0)
			return -1;
		t->held += item->n_held;
		t->changed |= item->outcome == RESTORE_MERGED && item->n_added;
	}
	for (size_t i = 0; i < r->n_items; i++) {
		if (restore_result_item(&item, r, i, err) < 0)
			return -1;
		if (preview || item->outcome != RESTORE_IDENTICAL)
			tell_item(t, cli, item, preview);
	}
	return 0;
}

static int
print_text(struct cli *cli, const struct restore_result *r, bool preview, struct err *err)
{
	AUTO(together_clear) struct together t = { 0 };

	if (r->n_items == 0) {
		puts(_("Nothing lies in the cloud for this."));
		return 0;
	}
	if (preview)
		printf("%s%s%s\n", cli_bold(cli),
		       _("Preview: nothing has been written. A restore would do this:"),
		       cli_plain(cli));
	if (print_items(&t, cli, r, preview, err) < 0)
		return -1;
	printf(_("%s added, %s merged, %s identical, %s skipped, %s failed"),
	       count(r, RESTORE_ADDED).s, count(r, RESTORE_MERGED).s, count(r, RESTORE_IDENTICAL).s,
	       count(r, RESTORE_SKIPPED).s, count(r, RESTORE_FAILED).s);
	printf(text_plural("; received %s in %u request.\n", "; received %s in %u requests.\n",
			   r->requests),
	       show_bytes(r->bytes_received).s, r->requests);
	if (t.held && !preview)
		puts(_("What the backup has otherwise is kept: cloudbox held"));
	if (t.changed && !preview)
		printf(_("What was here before is kept, too: cloudbox originals (restore %.8s)\n"),
		       r->id);
	return 0;
}

int
told_restore(struct cli *cli, const struct restore_result *r, bool preview, struct err *err)
{
	return cli->json ? print_json(cli, r, preview, err) : print_text(cli, r, preview, err);
}

void
told_alarms(const struct cli *cli, char *const *alarms, size_t n)
{
	for (size_t i = 0; i < n; i++)
		cli_warn(cli, alarms[i]);
	if (n)
		cli_warn(
			cli,
			_("What comes from there is genuine all the same, but may be old, or not "
			  "all of it: compare the six words of cloudbox status on that device with "
			  "cloudbox devices here, and ask the server's operator."));
}
