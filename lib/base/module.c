/* SPDX-License-Identifier: Apache-2.0 */
/* module: see module.h. */
#include "base/module.h"

#include <dlfcn.h>
#include <string.h>

static bool
bind_all(const struct module *m)
{
	void *file = dlopen(m->file, RTLD_NOW | RTLD_LOCAL);

	if (!file)
		return false;
	for (size_t i = 0; i < m->n_symbols; i++) {
		void *f = dlsym(file, m->symbols[i].name);

		if (!f) {
			dlclose(file);
			return false;
		}
		memcpy(m->symbols[i].to, &f, sizeof f); /* POSIX: a function pointer fits */
	}
	return true;
}

int
module_need(struct module *m, struct err *err)
{
	bool bound;

	pthread_mutex_lock(&m->lock);
	if (m->state == MODULE_UNTRIED)
		m->state = bind_all(m) ? MODULE_BOUND : MODULE_MISSING;
	bound = m->state == MODULE_BOUND;
	pthread_mutex_unlock(&m->lock);
	if (bound)
		return 0;
	err_set(err, ERR_UNSUPPORTED, "the library %s is not there, or is another version",
		m->file);
	return err_hint(err, "install the package %s", m->package);
}
