/* SPDX-License-Identifier: Apache-2.0 */
/* folder_session: see folder_session.h. */
#include "apps/folder_session.h"

#include <stdlib.h>
#include <unistr.h>

#define NAME_BYTES_MAX 1024

int
folder_session_open(struct app_session **out, const struct app *app, struct err *err)
{
	struct folder_session *s = calloc(1, sizeof *s);

	if (!s)
		return err_nomem(err);
	s->folder = (struct folder_root)FOLDER_ROOT_INIT;
	if (folder_open(&s->folder, app->path, err) < 0) {
		free(s);
		return err_wrap(err, "%s", app->name);
	}
	*out = &s->base;
	return 0;
}

void
folder_session_close(struct app_session *s)
{
	struct folder_session *f = folder_session_of(s);

	folder_close(&f->folder);
	free(f);
}

int
folder_session_stamp(struct app_stamp *out, struct app_session *s, const char *path,
		     struct err *err)
{
	return folder_stamp_of(out, &folder_session_of(s)->folder, path, err);
}

/* One character of @s as it is shown; *n receives its length in @s. */
static ucs4_t
shown_character(struct span s, size_t *n)
{
	ucs4_t c = 0;
	int got = u8_mbtoucr(&c, s.p, s.n);

	*n = got > 0 ? (size_t)got : 1;
	if (got <= 0)
		return 0xfffd;
	if (c < 0x20 || (c >= 0x7f && c < 0xa0))
		return ' ';
	return c;
}

int
name_for_people(struct buf *out, struct span name, struct err *err)
{
	size_t start = out->n, n;
	uint8_t utf8[6];

	while (name.n && out->n - start < NAME_BYTES_MAX - 4) {
		ucs4_t c = shown_character(name, &n);
		int len = u8_uctomb(utf8, c, sizeof utf8);
		if (buf_append(out, span_of(utf8, len > 0 ? (size_t)len : 0), err) < 0)
			return -1;
		name = span_skip(name, n);
	}
	if (out->n == start)
		return buf_append_str(out, "?", err);
	return 0;
}
