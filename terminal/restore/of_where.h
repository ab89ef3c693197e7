/* SPDX-License-Identifier: Apache-2.0 */
/* of_where: which of the backup's items an expression means (item/where.h): as their records and bytes say. */
#ifndef RESTORE_OF_WHERE_H
#define RESTORE_OF_WHERE_H

#include "box/meant.h"
#include "restore/fetch.h"

struct of_where {
	struct meant *meant;
	uint64_t kept; /* so far */
};

/** ERR_USAGE, as where_parse(). */
int of_where_init(struct of_where *out, struct box *box, const char *expression, struct err *err);
void of_where_clear(struct of_where *w);
AUTO_OBJ(of_where_clear, struct of_where);

/** As of_thread_keep(): those that are meant, or cannot be read. */
int of_where_keep(struct of_where *w, struct fetch *f, struct opened *items, size_t *n,
		  struct err *err);

#endif
