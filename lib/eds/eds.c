/* SPDX-License-Identifier: Apache-2.0 */
/* eds: see eds.h.  Loads the module and puts its outcomes into words. */
#include "eds/eds.h"

#include <string.h>

#include "base/module.h"

static struct {
	__typeof__(cloudbox_eds_open) *open;
	__typeof__(cloudbox_eds_close) *close;
	__typeof__(cloudbox_eds_revision) *revision;
	__typeof__(cloudbox_eds_reopen) *reopen;
	__typeof__(cloudbox_eds_each) *each;
	__typeof__(cloudbox_eds_ids) *ids;
	__typeof__(cloudbox_eds_get) *get;
	__typeof__(cloudbox_eds_can_write) *can_write;
	__typeof__(cloudbox_eds_add) *add;
	__typeof__(cloudbox_eds_modify) *modify;
	__typeof__(cloudbox_eds_remove) *remove;
	__typeof__(cloudbox_eds_print) *print;
	__typeof__(cloudbox_eds_add_zone) *add_zone;
} libeds;

static const struct module_symbol symbols[] = {
	{ "cloudbox_eds_open", &libeds.open },
	{ "cloudbox_eds_close", &libeds.close },
	{ "cloudbox_eds_revision", &libeds.revision },
	{ "cloudbox_eds_reopen", &libeds.reopen },
	{ "cloudbox_eds_each", &libeds.each },
	{ "cloudbox_eds_ids", &libeds.ids },
	{ "cloudbox_eds_get", &libeds.get },
	{ "cloudbox_eds_can_write", &libeds.can_write },
	{ "cloudbox_eds_add", &libeds.add },
	{ "cloudbox_eds_modify", &libeds.modify },
	{ "cloudbox_eds_remove", &libeds.remove },
	{ "cloudbox_eds_print", &libeds.print },
	{ "cloudbox_eds_add_zone", &libeds.add_zone },
};

static struct module module = MODULE_INIT(EDS_MODULE_FILE, "cloudbox-eds", symbols);

static const char *
or_nothing(const struct eds_why *why)
{
	return why->text[0] ? why->text : "?";
}

/* What ends an operation.  -1 with *err, or the outcome as it is where the caller can do something. */
static int
told(enum eds_outcome outcome, const struct eds_why *why, struct err *err)
{
	switch (outcome) {
	case EDS_DONE:
	case EDS_ABSENT:
	case EDS_EXISTS:
	case EDS_MOVED:
		return (int)outcome;
	case EDS_REFUSED:
		err_set(err, ERR_SYNTAX, "Evolution Data Server does not take it: %s",
			or_nothing(why));
		return EDS_REFUSED;
	case EDS_STOPPED:
		return -1; /* the callback filled *err */
	case EDS_NO_SERVICE:
		err_set(err, ERR_NOT_FOUND, "Evolution Data Server cannot be reached: %s",
			or_nothing(why));
		return err_hint(err, "run it in your desktop session; the package is "
				     "evolution-data-server");
	case EDS_NO_SOURCE:
		err_set(err, ERR_NOT_FOUND, "Evolution Data Server knows no such book or calendar");
		return err_hint(err, "without --set source=ID it is the one built in");
	case EDS_READ_ONLY:
		err_set(err, ERR_UNSUPPORTED, "this book or calendar can only be read");
		return err_hint(err, "restore into another app: --into");
	case EDS_FULL:
		return err_set(err, ERR_FULL, "Evolution Data Server has no room on its disk");
	case EDS_LATE:
		err_set(err, ERR_BUSY, "Evolution Data Server does not answer");
		return err_hint(err, "try again later, or log in anew");
	case EDS_FAILED:
		break;
	}
	return err_set(err, ERR_IO, "Evolution Data Server: %s", or_nothing(why));
}

int
eds_open(struct eds_store **out, enum eds_kind kind, const char *source, struct err *err)
{
	struct eds_why why;

	return module_need(&module, err) < 0
		       ? -1
		       : told(libeds.open(out, kind, source, &why), &why, err);
}

void
eds_close(struct eds_store *s)
{
	if (s)
		libeds.close(s);
}

int
eds_revision(char out[static EDS_REVISION_BYTES], struct eds_store *s, struct err *err)
{
	struct eds_why why;

	return told(libeds.revision(out, EDS_REVISION_BYTES, s, &why), &why, err);
}

int
eds_reopen(struct eds_store *s, struct err *err)
{
	struct eds_why why;

	return told(libeds.reopen(s, &why), &why, err);
}

struct each {
	eds_each_fn *fn;
	void *ctx;
	struct err *err;
};

static int
each_object(void *ctx, const char *id, const char *text, size_t n)
{
	struct each *e = ctx;

	return e->fn(e->ctx, id, span_of(text, n), e->err);
}

int
eds_each(struct eds_store *s, eds_each_fn *fn, void *ctx, struct err *err)
{
	struct each e = { fn, ctx, err };
	struct eds_why why;

	return told(libeds.each(s, each_object, &e, &why), &why, err);
}

int
eds_each_id(struct eds_store *s, eds_each_fn *fn, void *ctx, struct err *err)
{
	struct each e = { fn, ctx, err };
	struct eds_why why;

	return told(libeds.ids(s, each_object, &e, &why), &why, err);
}

struct appending {
	struct buf *out;
	struct err *err;
};

static int
append_text(void *ctx, const char *id, const char *text, size_t n)
{
	struct appending *a = ctx;

	(void)id;
	return buf_append(a->out, span_of(text, n), a->err);
}

static int
append_id(void *ctx, const char *id, const char *text, size_t n)
{
	struct appending *a = ctx;

	(void)text;
	(void)n;
	return buf_append_str(a->out, id, a->err);
}

int
eds_get(struct buf *out, struct eds_store *s, const char *id, struct err *err)
{
	struct appending a = { out, err };
	struct eds_why why;

	return told(libeds.get(s, id, append_text, &a, &why), &why, err);
}

int
eds_can_write(struct eds_store *s, struct err *err)
{
	struct eds_why why;

	return told(libeds.can_write(s, &why), &why, err);
}

int
eds_add(struct buf *id, struct eds_store *s, const char *text, struct err *err)
{
	struct appending a = { id, err };
	struct eds_why why;

	return told(libeds.add(s, text, append_id, &a, &why), &why, err);
}

int
eds_modify(struct eds_store *s, const char *id, const char *text, struct err *err)
{
	struct eds_why why;

	return told(libeds.modify(s, id, text, &why), &why, err);
}

int
eds_remove(struct eds_store *s, const char *id, struct err *err)
{
	struct eds_why why;

	return told(libeds.remove(s, id, &why), &why, err);
}

int
eds_print(struct buf *out, enum eds_kind kind, const char *text, struct err *err)
{
	struct appending a = { out, err };
	struct eds_why why;

	return module_need(&module, err) < 0
		       ? -1
		       : told(libeds.print(kind, text, append_text, &a, &why), &why, err);
}

int
eds_add_zone(struct eds_store *s, const char *text, struct err *err)
{
	struct eds_why why;

	return told(libeds.add_zone(s, text, &why), &why, err);
}
