/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_zones: calendars of text_app.h, whose items are more than a range of their file: behind each lie
 * the time zones that it names (item/ical.h).
 *
 * Reading puts them there.  Writing keeps them apart: an item that is added brings along, right before
 * it, those that the file does not have; one that goes takes those away that so came with it, unless
 * something else names them by now.  A zone of the same name that says something else is not replaced:
 * the item is refused.
 */
#ifndef APPS_TEXT_ZONES_H
#define APPS_TEXT_ZONES_H

#include "apps/text_app.h"
#include "item/ical.h"

/** The zones of a source, read at most once for each of its states.  *out is valid until the next call.
 *  0, APP_MOVED or -1. */
int text_zones_of(const struct ical_zones **out, struct folder_session *s,
		  const struct app_source *source, struct err *err);

/** Append the zones that an item of the source at @place names; its own bytes are @item.
 *  0, APP_MOVED or -1. */
int text_zones_append(struct buf *out, struct folder_session *s, const struct app_place *place,
		      struct span item, struct err *err);

/** adapter.shown of such adapters. */
int text_zones_shown(struct buf *out, struct app_session *s, struct span bytes, struct err *err);

/* The zones of one source while it is written anew. */
struct zone_edits {
	struct ical_zones zones; /* with those that are added */
	size_t *held;            /* numbers: left out where they stood, see zone_edits_before() */
	size_t n_held, cap_held;
};

#define ZONE_EDITS_INIT                                                                            \
	{                                                                                          \
		.zones = ICAL_ZONES_INIT                                                           \
	}

void zone_edits_clear(struct zone_edits *z);
AUTO_OBJ(zone_edits_clear, struct zone_edits);

/** Look at the text as it is.  0, APP_MOVED or -1. */
int
zone_edits_begin(struct zone_edits *z, struct source_text *t, const char *path, struct err *err);

/** @item is removed from @start on: *from is where what goes with it begins, not before @done. */
int zone_edits_before(struct zone_edits *z, struct span item, uint64_t done, uint64_t start,
		      uint64_t *from, struct err *err);

/** @item, with its zones, is added: append those to @out that the text lacks.  0; 1: @why it is
 *  refused; -1. */
int zone_edits_add(struct zone_edits *z, struct span item, size_t own, struct buf *out,
		   struct err *why, struct err *err);

/** *size: bytes of the zones that a reader will find behind the component @item. */
int zone_edits_size(const struct zone_edits *z, struct span item, uint64_t *size, struct err *err);

/** Bytes of the zones that stay although nothing names them any more. */
uint64_t zone_edits_idle(const struct zone_edits *z);

/** Append what was held and is named after all. */
int zone_edits_end(struct zone_edits *z, struct buf *out, struct err *err);

#endif
