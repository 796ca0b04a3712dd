/* The cases of a switch over the code of a node that take its slopes.
 *
 * CARRY(operand, slope) is used once for each operand that is a Value; PAIRS, if it is defined, are the operands and
 * slopes of a node whose op has its rules in Python. The text around the switch has the `node`,
 * its number `out`, and the `sweep`; the cases return -1 with an exception.
 */

#ifndef PAIRS
#define PAIRS slopes_by_rules(sweep, node)
#endif
#define CARRY_OBJECT(object, slope)                                                                          \
    if (IS_VALUE(object))                                                                                    \
        CARRY((Value *)(object), slope);
#define CASE(op)                                                                                             \
    case OP_##op:                                                                                            \
        CARRY(node->x.value, slope_##op##_0(node->x.value->data, out));                                      \
        break;
UNARY_OPS(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: {                                                                                          \
        const double x = node->flags & X_IS_NUMBER ? node->x.number : node->x.value->data;                   \
        const double y = node->flags & Y_IS_NUMBER ? node->y.number : node->y.value->data;                   \
        if (!(node->flags & X_IS_NUMBER))                                                                    \
            CARRY(node->x.value, slope_##op##_0(x, y, out));                                                 \
        if (!(node->flags & Y_IS_NUMBER))                                                                    \
            CARRY(node->y.value, slope_##op##_1(x, y, out));                                                 \
        break;                                                                                               \
    }
BINARY_OPS(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: {                                                                                          \
        PyObject *const *args = &PyTuple_GET_ITEM(node->x.object, 0);                                        \
        const double x = operand_number(args[0]), y = operand_number(args[1]), z = operand_number(args[2]);  \
        CARRY_OBJECT(args[0], slope_##op##_0(x, y, z, out))                                                  \
        CARRY_OBJECT(args[1], slope_##op##_1(x, y, z, out))                                                  \
        CARRY_OBJECT(args[2], slope_##op##_2(x, y, z, out))                                                  \
        break;                                                                                               \
    }
TERNARY_OPS(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: {                                                                                          \
        PyObject *const *xs = &PyTuple_GET_ITEM(node->x.object, 0);                                          \
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->x.object); k++)                                    \
            CARRY_OBJECT(xs[k], slope_##op##_0(operand_number(xs[k]), out))                                  \
        break;                                                                                               \
    }
SEQUENCE_OPS_SLOPE_BY_SLOPE(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: {                                                                                          \
        PyObject *const *xs = &PyTuple_GET_ITEM(node->x.object, 0);                                          \
        double few[2 * FEW], *slopes = slopes_of_sequence(node, few, slopes_##op);                           \
        if (!slopes)                                                                                         \
            return -1;                                                                                       \
        for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(node->x.object); k++)                                    \
            CARRY_OBJECT(xs[k], slopes[k])                                                                   \
        if (slopes != few)                                                                                   \
            PyMem_RawFree(slopes);                                                                           \
        break;                                                                                               \
    }
SEQUENCE_OPS_ALL_SLOPES_AT_ONCE(CASE)
#undef CASE
#define CASE(op)                                                                                             \
    case OP_##op: {                                                                                          \
        PyObject *const *xs = &PyTuple_GET_ITEM(node->x.object, 0);                                          \
        PyObject *const *ys = &PyTuple_GET_ITEM(node->y.object, 0);                                          \
        const Py_ssize_t n = PyTuple_GET_SIZE(node->x.object);                                               \
        for (Py_ssize_t k = 0; k < n; k++)                                                                   \
            CARRY_OBJECT(xs[k], slope_##op##_0(operand_number(xs[k]), operand_number(ys[k]), out))           \
        for (Py_ssize_t k = 0; k < n; k++)                                                                   \
            CARRY_OBJECT(ys[k], slope_##op##_1(operand_number(xs[k]), operand_number(ys[k]), out))           \
        break;                                                                                               \
    }
TWO_SEQUENCES_OPS(CASE)
#undef CASE
case CUSTOM: {
    PyObject *pairs = PAIRS;
    if (!pairs)
        return -1;
    for (Py_ssize_t k = 0; k < PyList_GET_SIZE(pairs); k++) {
        PyObject *pair = PyList_GET_ITEM(pairs, k);
        CARRY((Value *)PyTuple_GET_ITEM(pair, 0), PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(pair, 1)));
    }
    Py_DECREF(pairs);
    break;
}
#undef CARRY_OBJECT
#undef CARRY
#undef PAIRS
