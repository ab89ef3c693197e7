/* SPDX-License-Identifier: Apache-2.0 */
/* cmd_export: export: an app's items into a file that other programs read. */
#include "convert/export.h"

#include "cli/chosen.h"
#include "cli/commands.h"
#include "cli/here.h"
#include "cli/interrupt.h"
#include "cli/progress.h"
#include "cli/show.h"
#include "os/spool.h"

#define NOTES_SHOWN     20 /* items with notes, on a screen */
#define WORDS_BYTES_MAX ((size_t)16 << 20)

/* An export watched. */
struct watched {
	struct cli *cli;
	const char *app;
	struct progress bar;
	struct progress_state state;
	struct spool *told; /* without --json: what is to be said of items, once the bar is gone */
	uint64_t more;      /* of them, that a screen does not show */
};

static void
watched_clear(struct watched *w)
{
	spool_free(w->told);
}
AUTO_OBJ(watched_clear, struct watched);

static void
show_progress(void *ctx, uint64_t items, uint64_t bytes)
{
	struct watched *w = ctx;

	w->state.items_done = items;
	w->state.bytes_done = bytes;
	progress_update(&w->bar, &w->state);
}

static int
put_item(struct cli *cli, const char *app, const struct export_item *it, struct err *err)
{
	struct json_object *o = json_record(cli), *notes = json_list(cli);

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
	return json_add(cli, NULL, o, err);
}

/* What is said of an item with notes, or of one that failed. */
static int
words_of(struct buf *out, const struct cli *cli, const struct export_item *it, struct err *err)
{
	if (buf_append_fmt(out, err, "  %s%s%s\n", cli_bold(cli), cli_clean(it->name),
			   cli_plain(cli)) < 0)
		return -1;
	if (it->failed && buf_append_fmt(out, err, "      %s%s%s\n", cli_red(cli),
					 cli_clean(it->failed), cli_plain(cli)) < 0)
		return -1;
	for (size_t i = 0; i < it->n_notes; i++) {
		const char *field = it->notes[i].field;

		if (buf_append_fmt(out, err, "      %s%s", cli_clean(field), field[0] ? ": " : "") <
			    0 ||
		    buf_append_fmt(out, err, "%s\n", cli_clean(it->notes[i].text)) < 0)
			return -1;
	}
	return 0;
}

static int
item_done(void *ctx, const struct export_item *it, struct err *err)
{
	struct watched *w = ctx;
	AUTO(buf_clear) struct buf words = BUF_INIT(WORDS_BYTES_MAX);

	if (w->cli->json)
		return put_item(w->cli, w->app, it, err);
	if (!it->failed && !it->n_notes)
		return 0;
	if (!it->failed && w->cli->width && spool_n(w->told) >= NOTES_SHOWN) {
		w->more++;
		return 0;
	}
	return words_of(&words, w->cli, it, err) < 0 ? -1
						     : spool_put(w->told, buf_span(&words), err);
}

static int
run(struct export_result *r, struct watched *w, struct app_session *session,
    const struct export_request *request, struct err *err)
{
	struct export_watch watch = { w, show_progress, interrupt_came, item_done };
	int rc;

	interrupt_watch();
	progress_begin(&w->bar, w->cli->progress);
	rc = export_run(r, w->cli->box, session, request, &watch, err);
	progress_end(&w->bar);
	return rc;
}

static int
print_text(struct watched *w, const struct export_result *r, const struct export_request *request,
	   struct err *err)
{
	struct span words;
	int rc;

	spool_rewind(w->told);
	while ((rc = spool_next(&words, w->told, err)) == 0)
		fwrite(words.p, 1, words.n, stdout);
	if (rc < 0)
		return -1;
	if (w->more)
		printf(text_plural("  … and %s more with notes: --json lists all\n",
				   "  … and %s more with notes: --json lists all\n",
				   (unsigned long)w->more),
		       show_count(w->more).s);
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
	return 0;
}

static int
export_json(struct export_result *r, struct watched *w, struct app_session *session,
	    const struct export_request *request, struct err *err)
{
	struct cli *cli = w->cli;

	if (json_open(cli, NULL, '{', err) < 0 ||
	    json_add(cli, "to", json_object_new_string(request->to), err) < 0 ||
	    json_open(cli, "items", '[', err) < 0 || run(r, w, session, request, err) < 0 ||
	    json_close(cli, err) < 0 ||
	    json_add(cli, "format", json_object_new_string(r->format), err) < 0 ||
	    json_add_number(cli, "exported", r->exported, err) < 0 ||
	    json_add_number(cli, "bytes", r->bytes, err) < 0)
		return -1;
	return json_close(cli, err);
}

int
cmd_export(struct cli *cli, struct err *err)
{
	const char *app = cli_word(cli, 0);
	AUTO(watched_clear)
	struct watched w = { .cli = cli, .app = app, .state.what = _("exporting") };
	struct export_result r = { 0 };
	AUTO(here_clear) struct here h = HERE_INIT;
	AUTO(chosen_ids_clear) struct chosen_ids ids = { 0 };
	struct export_request request = { .items = cli->args.words + 1,
					  .n_items = cli->args.n_words - 1,
					  .to = args_value(&cli->args, "--to"),
					  .format = args_value(&cli->args, "--format") };

	if (!request.to || !request.to[0]) {
		err_set(err, ERR_USAGE, "%s is missing", "--to");
		return err_hint(err, "for example: %s",
				"cloudbox export contacts --to contacts.vcf --format vcard4");
	}
	if (args_has(&cli->args, "--where") || args_has(&cli->args, "--thread")) {
		if (chosen_all(cli, err) < 0 || chosen_ids_find(&ids, cli, CHOSEN_ANY, err) < 0)
			return -1;
		request.items = ids.list;
		request.n_items = ids.n;
	}
	if (here_open(&h, cli, app, err) < 0 || spool_new(&w.told, box_home_fd(cli->box), err) < 0)
		return -1;
	if (cli->json ? export_json(&r, &w, h.session, &request, err) < 0
		      : run(&r, &w, h.session, &request, err) < 0 ||
				print_text(&w, &r, &request, err) < 0)
		return -1;
	return r.failed ? CLI_PARTIAL : CLI_DONE;
}
