"""Measured data sets: Fisher's iris, which comes with the package, and three from scikit-learn."""

from __future__ import annotations

from importlib import resources

from nn.datasets.csv_files import Dataset, dataset_from_lines


def iris() -> Dataset:
    """Fisher's iris: 150 flowers of three species, four measurements in centimetres each.

    R. A. Fisher, "The use of multiple measurements in taxonomic problems", Annals of Eugenics 7 (1936)
    179-188; the measurements are E. Anderson's. The figures are from Fisher's table, like scikit-learn's;
    UCI's copy differs in two samples.
    """
    text = resources.files("nn.datasets").joinpath("iris.csv").read_text(encoding="utf-8")
    return dataset_from_lines(text.splitlines(), "iris.csv", -1, header=True)


def wine() -> Dataset:
    """178 wines of three growers, 13 measurements each (Forina et al. 1988; from scikit-learn)."""
    return _of_scikit_learn("load_wine")


def breast_cancer() -> Dataset:
    """569 tumours, malignant (0) or benign (1), 30 measurements each (Street et al. 1993; scikit-learn)."""
    return _of_scikit_learn("load_breast_cancer")


def digits() -> Dataset:
    """1,797 handwritten digits, 64 grey values from 0 to 16 each (Alpaydin and Kaynak; scikit-learn)."""
    return _of_scikit_learn("load_digits")


def _of_scikit_learn(name: str) -> Dataset:
    try:
        import sklearn.datasets
    except ImportError:
        raise ImportError(
            "this data set comes with scikit-learn: pip install scikit-learn, or scalar-autograd[data]"
        ) from None
    bunch = getattr(sklearn.datasets, name)()
    columns = [str(column) for column in bunch.feature_names]
    return Dataset(bunch.data.tolist(), bunch.target.tolist(), columns, [str(c) for c in bunch.target_names])
