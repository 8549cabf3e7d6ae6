/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Everything about a process, once: the record that names a sender who is gone when Python looks.
 * Reads go through bpf_probe_read_kernel(), so that any task pointer will do; a read that fails leaves
 * zeros. The text of argv is the process's own and may change while it is read.
 */
#ifndef SIGTRACE_DESCRIBE_H
#define SIGTRACE_DESCRIBE_H

#define PATH_STEPS 24

/*
 * The functions that are not static are verified once and by themselves, whatever their callers know
 * (Documentation/bpf/libbpf, "global functions", since v5.6): the verifier's work stays small. So is the
 * body of a loop, which it would else walk through as often as the loop can turn.
 */

/*
 * The size lives in the record, not in a register: the verifier then knows nothing of it, and two ways
 * through a step end in the same state instead of doubling the states of every step after it.
 */
static __always_inline bool add_name(char *text, volatile __u16 *size, const void *name)
{
	__u32 at = *size;
	long added;

	if (at >= PATH_ROOM)
		return false;
	/* What does not fit is written where the next text comes, and is not counted. */
	added = bpf_probe_read_kernel_str(text + (at & (PATH_ROOM - 1)), NAME_ROOM, name);
	if (added <= 0 || at + added > PATH_ROOM)
		return false;
	*size = at + added;
	return true;
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	if (bpf_core_field_exists(node->__parent))
		return READ(node, __parent);
	return READ(node, parent);
}

/* 0: the path is whole, or has no room left. */
__noinline int add_cgroup_name(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct kernfs_node *node, *parent;

	if (!made)
		return 0;
	node = typed(kernfs_node, made->node);
	parent = parent_of(node);
	if (!parent) {
		made->record.flags &= ~CGROUP_CUT;
		return 0;
	}
	made->node = (__u64)parent;
	return add_name(made->record.text + PATH_ROOM, &made->record.cgroup_size, READ(node, name));
}

static __always_inline struct kernfs_node *node_of(struct cgroup *cgroup)
{
	__u64 root = (__u64)cgroup - bpf_core_field_offset(struct cgroup_root, cgrp);

	return READ(typed(cgroup_root, root), cgrp.kn);
}

/* Of any controller's state, though looked up in the one that a cgroup has of its own. */
static __always_inline struct cgroup *cgroup_of(struct cgroup_subsys_state *state)
{
	void *place = (void *)state + bpf_core_field_offset(struct cgroup_root, cgrp.self.cgroup) -
		      bpf_core_field_offset(struct cgroup_root, cgrp.self);
	struct cgroup *cgroup = NULL;

	bpf_probe_read_kernel(&cgroup, sizeof(cgroup), place);
	return cgroup;
}

/* The cgroup of a task: its v2 path, or on a v1 or hybrid host, where that says only "/", the pids one. */
__noinline int describe_cgroup(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct css_set *set = READ(typed(task_struct, address), cgroups);
	/* Here, not where it is used: the kernel remembers one of this name and the enumeration's. */
	__u64 controllers = (__u64)set + bpf_core_field_offset(struct css_set, subsys);
	struct kernfs_node *node = node_of(READ(set, dfl_cgrp)), *limited;
	struct cgroup_subsys_state *pids = NULL;

	barrier_var(controllers);
	if (!made)
		return 0;
	made->record.cgroup_id = READ(node, id);
	if (!parent_of(node) && bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id)) {
		controllers += sizeof(pids) * bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
		bpf_probe_read_kernel(&pids, sizeof(pids), (void *)controllers);
		limited = pids ? node_of(cgroup_of(pids)) : node;
		if (limited != node) {
			node = limited;
			made->record.flags |= CGROUP_V1;
		}
	}
	made->node = (__u64)node;
	made->record.flags |= CGROUP_CUT;
	for (int step = 0; step < PATH_STEPS; step++)
		if (!add_cgroup_name(by))
			break;
	return 0;
}

static __always_inline struct mount *mount_of(struct vfsmount *seen_by_others)
{
	return typed(mount, (void *)seen_by_others - bpf_core_field_offset(struct mount, mnt));
}

/*
 * One step of d_path() (fs/d_path.c), without its locks: a component, or a mount point passed over. 0: the root
 * of the mount namespace is reached, or no room is left.
 */
__noinline int add_exe_name(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct dentry *dentry, *parent;
	struct mount *mount, *above;

	if (!made || !made->node)
		return 0;
	dentry = typed(dentry, made->node);
	mount = typed(mount, made->mount);
	parent = READ(dentry, d_parent);
	if (dentry == READ(mount, mnt.mnt_root) || dentry == parent) {
		above = READ(mount, mnt_parent);
		if (above == mount || !above) {
			made->record.flags &= ~EXE_CUT;
			return 0;
		}
		made->node = (__u64)READ(mount, mnt_mountpoint);
		made->mount = (__u64)above;
		return 1;
	}
	made->node = (__u64)parent;
	return add_name(made->record.text, &made->record.exe_size, READ(dentry, d_name.name));
}

/* The path of the executable, from its last component on. */
__noinline int describe_exe(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct file *file = READ(typed(task_struct, address), mm, exe_file);
	struct dentry *dentry = READ(file, f_path.dentry);

	if (!made || !dentry)
		return 0;
	made->node = (__u64)dentry;
	made->mount = (__u64)mount_of(READ(file, f_path.mnt));
	made->record.flags |= EXE_CUT;
	for (int step = 0; step < PATH_STEPS; step++)
		if (!add_exe_name(by))
			break;
	return 0;
}

static __always_inline __u32 own_pid(struct task_struct *leader)
{
	struct pid *pid = READ(leader, thread_pid);
	__u32 level = READ(pid, level);
	__u32 first = bpf_core_field_offset(struct pid, numbers[0].nr);
	__u32 step = bpf_core_field_size(struct pid, numbers[0]);
	__u32 number = 0;

	if (level > 32 || !pid) /* MAX_PID_NS_LEVEL, include/linux/pid_namespace.h */
		return 0;
	bpf_probe_read_kernel(&number, sizeof(number), (void *)pid + first + level * step);
	return number;
}

/* 0: nobody is above. */
__noinline int add_ancestor(__u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);
	struct ancestor *ancestor;
	struct task_struct *parent;
	__u64 child;

	if (!made)
		return 0;
	child = made->node;
	ancestor = &made->record.ancestor[made->record.ancestors & (ANCESTORS - 1)];
	parent = READ(typed(task_struct, child), real_parent, group_leader);
	made->node = (__u64)parent;
	if (!parent || !READ(parent, tgid))
		return 0;
	ancestor->pid = READ(parent, tgid);
	ancestor->start = READ(parent, start_boottime);
	BPF_CORE_READ_STR_INTO(&ancestor->comm, parent, comm);
	made->record.ancestors++;
	return 1;
}

__noinline int describe_ancestors(__u64 address, __u32 by)
{
	struct description *made = bpf_map_lookup_elem(&process_scratch, &by);

	if (!made)
		return 0;
	made->node = address;
	for (int i = 0; i < ANCESTORS; i++)
		if (!add_ancestor(by))
			break;
	made->record.ppid = made->record.ancestor[0].pid;
	return 0;
}

__noinline int describe_identity(__u64 address, __u32 by)
{
	struct process_record *record = bpf_map_lookup_elem(&process_scratch, &by);
	struct task_struct *leader = typed(task_struct, address);

	if (!record)
		return 0;
	record->uid = READ(leader, real_cred, uid.val);
	record->euid = READ(leader, real_cred, euid.val);
	record->loginuid = record->session = -1;
	if (bpf_core_field_exists(leader->loginuid)) {
		record->loginuid = READ(leader, loginuid.val);
		record->session = READ(leader, sessionid);
	}
	record->ns_pid = own_pid(leader);
	BPF_CORE_READ_STR_INTO(&record->comm, leader, comm);
	bpf_probe_read_kernel_str(record->tty, sizeof(record->tty),
				  READ(leader, signal, tty) ?
					  &READ(leader, signal, tty)->name :
					  NULL);
	return 0;
}

/*
 * Describe the process that TASK belongs to. The three texts are put where there is room for each, in
 * this order (see add_name()), and sent as they lie: tracer/sources/wire/records.py knows the offsets. BY is the enum describer that asks. Not 0: there was no room.
 */
__noinline int describe(__u64 address, __u32 is_current, __u32 by)
{
	struct process_record *record = bpf_map_lookup_elem(&process_scratch, &by);
	/* Through a helper it is a number, which is all that may be handed to a verified function. */
	__u64 at = (__u64)BPF_CORE_READ((struct task_struct *)address, group_leader);
	struct task_struct *leader = typed(task_struct, at);
	__u32 size;

	if (!record)
		return 0;
	__builtin_memset(record, 0, __builtin_offsetof(struct process_record, text));
	record->type = RECORD_PROCESS;
	record->pid = READ(leader, tgid);
	record->start = READ(leader, start_boottime);
	describe_identity(at, by);
	describe_ancestors(at, by);
	describe_exe(address, by);
	describe_cgroup(address, by);
	if (is_current)
		own_argv(record);
	/* Another's memory is out of reach, and so is that of one who exits: exit_mm() comes first. */
	if (!record->argv_size)
		kept_argv(record, leader);
	size = __builtin_offsetof(struct process_record, text) + 2 * PATH_ROOM + record->argv_size;
	if (size > sizeof(*record))
		size = sizeof(*record);
	return bpf_ringbuf_output(&ring, record, size, 0);
}

/* The state is a number that changes with what a description tells: by exec, a new parent, other credentials. */
static __always_inline __u64 mixed(__u64 exec, __u32 parent, __u32 uid, __u32 euid)
{
	return (((exec * 31 + parent) * 31 + uid) * 31) + euid;
}

struct meeting {
	__u64 start;
	__u64 state;
};

/* Of a process whose thread this is: through helpers, so that any pointer will do. */
static __always_inline struct meeting meeting_at(struct task_struct *task)
{
	struct task_struct *leader = READ(typed(task_struct, task), group_leader);
	const struct cred *cred = READ(leader, real_cred);

	return (struct meeting){
		.start = READ(leader, start_boottime),
		.state = mixed(READ(leader, self_exec_id),
			       READ(leader, real_parent, tgid), READ(cred, uid.val),
			       READ(cred, euid.val)),
	};
}

/* The same where the verifier knows the types: ten times as fast for the thread that leads. */
static __always_inline struct meeting meeting_with(struct task_struct *task, const struct cred *cred)
{
	if (task->pid != task->tgid)
		return meeting_at(task);
	return (struct meeting){
		.start = task->start_boottime,
		.state = mixed(task->self_exec_id, typed(task_struct, task)->real_parent->tgid, cred->uid.val,
			       cred->euid.val),
	};
}

/* The name says it: true the first time this process is met in this state. */
static __always_inline bool met_first(__u32 pid, struct meeting meeting, bool watch)
{
	__u64 start = meeting.start, state = meeting.state;
	struct seen *old = bpf_map_lookup_elem(&seen, &pid);
	struct seen new = { .start = start, .state = state, .watched = watch };

	if (old && old->start == start && old->state == state) {
		if (watch && !old->watched)
			old->watched = 1;
		return false;
	}
	if (old && old->start == start) {
		new.watched |= old->watched;
		new.missed = old->missed;
	}
	bpf_map_update_elem(&seen, &pid, &new, BPF_ANY);
	return true;
}

/* The next signal describes it: who is met while the ring is full is not to be nameless for ever. */
static __always_inline void was_missed(__u32 pid)
{
	struct seen *it = bpf_map_lookup_elem(&seen, &pid);

	if (!it)
		return;
	it->state = 0;
	if (!it->missed)
		count_loss(LOST_PROCESSES);
	it->missed = 1;
}

#endif
