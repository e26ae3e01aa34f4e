/**
 * The layers of the networks in plain Java: simple loops in double precision, against which backends are compared. With
 * another {@link org.swapdistill.nn.reference.Rounding} they become the naive method in a lower precision, whose error
 * says how much error a backend may have.
 */
package org.swapdistill.nn.reference;
