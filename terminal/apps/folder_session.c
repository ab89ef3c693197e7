/* SPDX-License-Identifier: Apache-2.0 */
/* folder_session: see folder_session.h. */
#include "apps/folder_session.h"

#include <stdlib.h>

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
