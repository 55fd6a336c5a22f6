# How the paper labels the unlabeled images: by the model itself, above a
# probability of 0.75, with a gate that does not normalise again.
usrn = dict(type='USRN', threshold=0.75, gate='entropy', teacher_momentum=None)
