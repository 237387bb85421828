/*
 * A new process that is no copy of its maker: what spawn and the native process_create begin with.
 *
 * It takes over who the maker is and where it stands (credentials, root, working directory, umask,
 * limits, niceness), and nothing of what it holds or does: an empty table is put in by the
 * caller, signals have their default actions.
 */
#include "kern/error.h"
#include "kern/owner.h"
#include "kern/string.h"
#include "fs/fsctx.h"
#include "proc/procx.h"

int
proc_make(struct procx **out)
{
	struct proc *self = proc_self(), *p;
	struct procx *px;
	uint32_t was;
	int error = proc_alloc(self, &px);

	if (error != 0)
		return error;
	p = &px->px_proc;
	p->p_cred = cred_ref(self->p_cred);
	memcpy(p->p_limits, self->p_limits, sizeof(p->p_limits));
	p->p_setid = self->p_setid;
	px->px_nice = procx_of(self)->px_nice;
	was = owner_begin(p->p_node.koid);
	error = fsctx_copy(self->p_fs, &p->p_fs);
	if (error == 0 && (p->p_sig = sigacts_create()) == NULL)
		error = ENOMEM;
	owner_end(was);
	if (error != 0) {
		proc_unmake(px, NULL);
		return error;
	}
	*out = px;
	return 0;
}
