/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_export: export: an app's items into a file that other programs read. */
#include "convert/export.h"

#include "cli/commands.h"
#include "cli/here.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"

#define NOTES_SHOWN 20 /* items with notes, on a screen */

/* An export watched. */
struct watched {
	struct progress bar;
	struct progress_state state;
};

static void
show_progress(void *ctx, uint64_t items, uint64_t bytes)
{
	struct watched *w = ctx;

	w->state.items_done = items;
	w->state.bytes_done = bytes;
	progress_update(&w->bar, &w->state);
}

static int
run(struct export_result *r, struct cli *cli, struct app_session *session,
    const struct export_request *request, struct err *err)
{
	struct watched w = { .state.what = _("exporting") };
	struct export_watch watch = { &w, show_progress, interrupt_came };
	int rc;

	interrupt_watch();
	progress_begin(&w.bar, cli->progress);
	rc = export_run(r, cli->box, session, request, &watch, err);
	progress_end(&w.bar);
	return rc;
}

static void
put_item(struct cli *cli, struct json_object *list, const char *app, const struct export_item *it)
{
	struct json_object *o = json_push(cli, list), *notes = json_list(cli);

	json_put_text(cli, o, "app", app);
	json_put_text(cli, o, "id", it->id);
	json_put_text(cli, o, "name", it->name);
	json_put_text(cli, o, "result", it->failed ? "failed" : "exported");
	json_put_text(cli, o, "reason", it->failed ? it->failed : "");
	for (size_t i = 0; i < it->n_notes; i++) {
		struct json_object *n = json_push(cli, notes);

		json_put_text(cli, n, "field", it->notes[i].field);
		json_put_number(cli, n, "line", it->notes[i].line);
		json_put_text(cli, n, "kind", it->notes[i].kind);
		json_put_text(cli, n, "reason", it->notes[i].text);
	}
	json_put(cli, o, "notes", notes);
}

static void
print_json(struct cli *cli, const struct export_result *r, const char *app,
	   const struct export_request *request)
{
	struct json_object *o = json_record(cli), *items = json_list(cli);

	json_put_text(cli, o, "to", request->to);
	json_put_text(cli, o, "format", r->format);
	json_put_number(cli, o, "exported", r->exported);
	json_put_number(cli, o, "bytes", r->bytes);
	for (size_t i = 0; i < r->n_items; i++)
		put_item(cli, items, app, &r->items[i]);
	json_put(cli, o, "items", items);
	json_result(cli, o);
}

static void
print_notes(const struct cli *cli, const struct export_item *it)
{
	printf("  %s%s%s\n", cli_bold(cli), cli_clean(it->name), cli_plain(cli));
	if (it->failed)
		printf("      %s%s%s\n", cli_red(cli), cli_clean(it->failed), cli_plain(cli));
	for (size_t i = 0; i < it->n_notes; i++)
		printf("      %s%s%s\n", cli_clean(it->notes[i].field),
		       it->notes[i].field[0] ? ": " : "", cli_clean(it->notes[i].text));
}

static void
print_text(struct cli *cli, const struct export_result *r, const struct export_request *request)
{
	uint64_t limit = cli->width ? NOTES_SHOWN : UINT64_MAX, shown = 0, more = 0;

	for (size_t i = 0; i < r->n_items; i++) {
		const struct export_item *it = &r->items[i];

		if (!it->failed && !it->n_notes)
			continue;
		if (it->failed || shown < limit)
			print_notes(cli, it);
		else
			more++;
		shown++;
	}
	if (more)
		printf(text_plural("  … and %s more with notes: --json lists all\n",
				   "  … and %s more with notes: --json lists all\n",
				   (unsigned long)more),
		       show_count(more).s);
	printf(text_plural("%s item exported to %s, %s.\n", "%s items exported to %s, %s.\n",
			   (unsigned long)r->exported),
	       show_count(r->exported).s, cli_clean(request->to), show_bytes(r->bytes).s);
	if (r->noted)
		printf(text_plural(
			       "What the format has no place for is kept, of %s item: see above.\n",
			       "What the format has no place for is kept, of %s items: see "
			       "above.\n",
			       (unsigned long)r->noted),
		       show_count(r->noted).s);
}

int
cmd_export(struct cli *cli, struct err *err)
{
	const char *app = cli_word(cli, 0);
	AUTO(export_result_clear) struct export_result r = { 0 };
	AUTO(here_clear) struct here h = HERE_INIT;
	struct export_request request = { .items = cli->args.words + 1,
					  .n_items = cli->args.n_words - 1,
					  .to = args_value(&cli->args, "--to"),
					  .format = args_value(&cli->args, "--format") };

	if (!request.to || !request.to[0]) {
		err_set(err, ERR_USAGE, "%s is missing", "--to");
		return err_hint(err, "for example: %s",
				"cloudbox export contacts --to contacts.vcf --format vcard4");
	}
	if (here_open(&h, cli, app, err) < 0 || run(&r, cli, h.session, &request, err) < 0)
		return -1;
	if (cli->json)
		print_json(cli, &r, app, &request);
	else
		print_text(cli, &r, &request);
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}
