/* SPDX-License-Identifier: Apache-2.0 */
/* chosen: see chosen.h. */
#include "cli/chosen.h"

#include <stdlib.h>

#include "base/array.h"
#include "box/saved.h"
#include "cli/here.h"

#define IDS_MAX 10000000

void
chosen_clear(struct chosen *c)
{
	threads_clear(&c->threads);
	meant_free(c->meant);
	c->meant = NULL;
}

int
chosen_all(const struct cli *cli, struct err *err)
{
	bool all = args_has(&cli->args, "--all"), named = cli->args.n_words > 1;
	int thread = args_has(&cli->args, "--thread"), where = args_has(&cli->args, "--where");

	if ((thread || where) && thread + where + all + named > 1)
		return err_set(err, ERR_USAGE,
			       "items, --all, a thread, or an expression: one of these");
	if (all && named)
		return err_set(err, ERR_USAGE, "either name items, or write --all: not both");
	if (thread + where + all + named == 0) {
		err_set(err, ERR_USAGE, "which items?");
		return err_hint(err, "name them, or write --all; cloudbox items %s lists them",
				cli_word(cli, 0));
	}
	return !named;
}

bool
chosen_some(const struct chosen *c)
{
	return c->threads.n || c->meant;
}

int
chosen_init(struct chosen *out, struct cli *cli, struct app_session *s, struct err *err)
{
	const char *thread = args_value(&cli->args, "--thread");
	const char *where = args_value(&cli->args, "--where");

	if (thread && threads_find(&out->threads, cli->box, s->app->name, thread, err) < 0)
		return -1;
	if (!where)
		return 0;
	if (meant_new(&out->meant, cli->box, s, span_str(where), err) < 0)
		return err_wrap(err, "--where");
	return meant_needs_types(out->meant) ? inventory_types(cli->box, s, span_of(NULL, 0), err)
					     : 0;
}

int
chosen_item(struct chosen *c, const struct inventory_item *item, struct err *err)
{
	if (c->threads.n)
		return threads_has(&c->threads, item->thread);
	return c->meant ? meant_item(c->meant, item, err) : 1;
}

void
chosen_ids_clear(struct chosen_ids *ids)
{
	for (size_t i = 0; i < ids->n; i++)
		free((char *)ids->list[i]);
	free(ids->list);
	*ids = (struct chosen_ids){ 0 };
}

struct finding {
	struct chosen_ids *ids;
	struct chosen *chosen;
	struct box *box;
	enum chosen_among among;
};

/* 1: it lies in the cloud; 0; -1. */
static int
is_saved(struct box *box, const struct inventory_item *item, struct err *err)
{
	AUTO(saved_found_clear) struct saved_found found = SAVED_FOUND_INIT;
	int rc = saved_get(&found, box, item->item, err);

	return rc < 0 ? -1 : rc == 0;
}

static int
find_id(void *ctx, const struct inventory_item *item, struct err *err)
{
	struct finding *f = ctx;
	struct chosen_ids *ids = f->ids;
	int rc = f->among == CHOSEN_ANY      ? 1
		 : f->among == CHOSEN_IN_BOX ? item->in_box
					     : is_saved(f->box, item, err);

	if (rc > 0)
		rc = chosen_item(f->chosen, item, err);
	if (rc != 1)
		return rc < 0 ? -1 : 0;
	if (array_reserve((void **)&ids->list, &ids->cap, ids->n + 1, sizeof *ids->list, IDS_MAX,
			  err) < 0)
		return -1;
	ids->list[ids->n] = strndup((const char *)item->native_id.p, item->native_id.n);
	return ids->list[ids->n++] ? 0 : err_nomem(err);
}

int
chosen_ids_find(struct chosen_ids *out, struct cli *cli, enum chosen_among among, struct err *err)
{
	AUTO(here_clear) struct here h = HERE_INIT;
	AUTO(chosen_clear) struct chosen chosen = { .meant = NULL };
	const char *app = cli_word(cli, 0);
	struct finding f = { out, &chosen, NULL, among };

	if (here_open(&h, cli, app, err) < 0 || chosen_init(&chosen, cli, h.session, err) < 0)
		return -1;
	f.box = cli->box;
	if (inventory_each(cli->box, app, find_id, &f, err) < 0)
		return -1;
	if (out->n)
		return 0;
	if (among == CHOSEN_ANY)
		return err_set(err, ERR_NOT_FOUND, "no item of %s is meant by that", app);
	return among == CHOSEN_IN_BOX
		       ? err_set(err, ERR_NOT_FOUND, "no shortcut of %s is meant by that", app)
		       : err_set(err, ERR_NOT_FOUND,
				 "nothing of %s that lies in the cloud is meant by that", app);
}
