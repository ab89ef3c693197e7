/* SPDX-License-Identifier: Apache-2.0 */
/* box_items_internal: what the bytes of the Box's own items are made of (docs/formats/box-db.md), for
 * box_items.c, which writes them, and box_items_apply.c, which reads them. */
#ifndef BOX_BOX_ITEMS_INTERNAL_H
#define BOX_BOX_ITEMS_INTERNAL_H

#define ITEM_VERSION 1

enum shortcut_flag {
	FLAG_SELECTED = 1,
	FLAG_PATH = 2,     /* a path follows: it is not the native id */
	FLAG_KEPT_OUT = 4, /* no shortcut, but the mark of one that was removed (kept_out.h) */
};

/* Kinds of entries in `settings`. */
enum settings_kind {
	KIND_APP = 1,
	KIND_SETTING = 2,
};

#endif
