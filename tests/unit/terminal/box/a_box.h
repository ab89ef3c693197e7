/* SPDX-License-Identifier: Apache-2.0 */
/* a_box: a Box with an account, and an app beside it, for tests. */
#ifndef TESTS_A_BOX_H
#define TESTS_A_BOX_H

#include "apps/apps.h"
#include "box/box_apps.h"
#include "box/identity.h"
#include "box/inventory.h"
#include "box/shortcuts.h"
#include "temp.h"

/* HOME is "home", the app's folder "app", both within `t`. */
struct a_box {
	struct temp t;
	char home[100];
	struct box *b;
	struct app *app;
	struct app_session *s;
};

extern struct a_box my;

/** A Box without an account. */
void a_box_open(void);
/** With one: the keys are 1, 2, 3…, so ids are the same in every run. */
void a_box_init(void);
/** Close and open it again. */
void a_box_again(void);
/** An app named @name at "app", or at the file @only in it. */
void a_box_app(const char *name, const char *adapter, const char *only);
void a_box_close(void);
/* The two as cmocka's fixtures. */
int a_box_setup(void **state);
int a_box_teardown(void **state);

/** Refresh the app's inventory. */
struct inventory_counts a_box_refresh(void);
/** As many lines "NATIVE-ID: NAME" as the app has items. */
const char *a_box_items(void);
/** Add a shortcut to the item @native_id. */
int a_box_add(const char *native_id);
/** Its state, or "none". */
const char *a_box_state(const char *native_id);

/** The content of a record that would be saved for the item: a batch with it alone, acknowledged. */
void a_box_save(const char *native_id);

/** Fail the test with @err unless @rc is @expected. */
#define assert_rc(rc, expected, err) a_box_assert_rc(rc, expected, &(err), __FILE__, __LINE__)
void a_box_assert_rc(int rc, int expected, const struct err *err, const char *file, int line);

#endif
