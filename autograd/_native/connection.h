/* What the engine lets the machine use, through the capsule `connection`: the machine knows no Value. */

#ifndef AUTOGRAD_CONNECTION_H
#define AUTOGRAD_CONNECTION_H

#include <Python.h>

#define CONNECTION "autograd._native.engine.connection"

typedef struct {
    const Py_ssize_t *running_traces; /* how many traces run in the process */
    int (*is_recording)(void);        /* whether the calling task records what is computed */
    /* The numbers of a tuple of leaves; 0 if one is no leaf, or one that wants gradients is not among those that
     * `flags`, if it is not NULL, has 1.0 for, and the other way round. */
    int (*read_leaves)(PyObject *leaves, double *numbers, const double *flags);
} Connection;

#endif
