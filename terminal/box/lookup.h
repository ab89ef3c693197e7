/* SPDX-License-Identifier: Apache-2.0 */
/* lookup: what a person typed, to an item: native id, then short id, then exact name. */
#ifndef BOX_LOOKUP_H
#define BOX_LOOKUP_H

#include "box/box_internal.h"

enum lookup_among {
	LOOKUP_ITEMS,
	LOOKUP_SHORTCUTS,
	LOOKUP_SAVED, /* names are those of the shortcuts, else of the items here */
};

/** The item of @app that @typed means.  0, or -1: ERR_NOT_FOUND; ERR_AMBIGUOUS, the message lists
 *  the candidates. */
int lookup_item(uint8_t item[static BOX_ID_BYTES], struct box *b, const char *app,
		enum lookup_among among, struct span typed, struct err *err);

#endif
