"""Label Studio: files of tasks with one annotation each, and the labeling configuration of the project they are imported into.

Boxes are in hundredths of the width and height of the image as displayed, see https://labelstud.io/guide/task_format. A region
has the id of our box. `completed_by` is left out, because it must name a user of that server. A server reads files of up to
250 MB, so the tasks are in parts.
"""

from collections.abc import Sequence
from urllib.parse import quote

from app.formats.members import Member, Members
from app.formats.numbers import decimal
from app.formats.records import Box, Dataset, Image, Tally
from app.formats.states import LABELED_STATES
from app.formats.texts import json_text, xml_attribute

TASKS_PER_FILE = 10_000
MAX_BYTES_PER_FILE = 200_000_000
# Label Studio takes the path out of the address as that of a URL, without decoding it.
QUESTION_MARK = (
    "Label Studio does not find a file in Azure whose path has a question mark; export it with the image files."
)


class LabelStudioWriter:
    """Writes `labeling_config.xml` and `tasks-0001.json`, `tasks-0002.json` and so on.

    It carries every state: an image that nobody labeled has no annotation, one that is unusable has a skipped one, and
    `data.state` has the word. `data.image` names the file in Azure Blob Storage, or in the local storage of the server if
    the files come along.
    """

    def __init__(self, dataset: Dataset, members: Members, *, files: bool) -> None:
        """Write the labeling configuration. Raises UnsupportedError for the name of a class that XML cannot hold."""
        self.tally = Tally()
        self._labels = {each.class_id: json_text(each.name) for each in dataset.classes}
        self._members = members
        self._container = dataset.container
        self._has_files = files
        self._parts = self._tasks = self._bytes = 0
        self._file: Member | None = None
        members.add("labeling_config.xml", _labeling_config(dataset).encode())

    def write(self, images: Sequence[Image]) -> None:
        """Write the next images."""
        for image in images:
            self._write_task(self._task(image).encode())
            self.tally.images += 1
            self.tally.objects += len(image.boxes)
            if "?" in image.path and not self._has_files:
                self.tally.lose(QUESTION_MARK, images=1)

    def _write_task(self, task: bytes) -> None:
        if self._file and (self._tasks == TASKS_PER_FILE or self._bytes + len(task) > MAX_BYTES_PER_FILE):
            self._end_file()
        if self._file is None:
            self._parts += 1
            self._tasks = self._bytes = 0
            self._file = self._members.open(f"tasks-{self._parts:04}.json")
        self._file.write((b",\n" if self._tasks else b"[\n") + task)
        self._tasks += 1
        self._bytes += len(task) + 2

    def _end_file(self) -> None:
        if self._file:
            self._file.write(b"\n]\n")
            self._file = None

    def end(self) -> None:
        """Close the last list; a snapshot without images has an empty one."""
        if self._parts == 0:
            self._members.add("tasks-0001.json", b"[\n]\n")
        self._end_file()

    def name_of(self, image: Image) -> str:
        """Return where the file of this image lies: `images/` and the `file_name` of the task."""
        return f"images/{image.file_name}"

    def _task(self, image: Image) -> str:
        split = "" if image.split is None else f',"split":"{image.split}"'
        data = (
            f'{{"image":{json_text(self._address(image))},"image_id":{image.image_id},'
            f'"file_name":{json_text(image.file_name)},"state":"{image.state}"{split}}}'
        )
        return f'{{"id":{image.image_id},"data":{data},"annotations":[{self._annotation(image)}],"predictions":[]}}'

    def _address(self, image: Image) -> str:
        """Return where Label Studio finds the file: the path in its local storage is a parameter, so percent-encoded."""
        if self._has_files:
            return f"/data/local-files/?d={quote(self.name_of(image))}"
        return f"azure-blob://{self._container}/{image.path}"

    def _annotation(self, image: Image) -> str:
        skipped = image.state == "unusable"
        if image.state not in LABELED_STATES and not skipped and not image.boxes:
            return ""
        result = ",".join(self._region(box, image) for box in image.boxes)
        return f'{{"was_cancelled":{"true" if skipped else "false"},"ground_truth":false,"result":[{result}]}}'

    def _region(self, box: Box, image: Image) -> str:
        x, y = decimal(box.x_min * 100 / image.width), decimal(box.y_min * 100 / image.height)
        width = decimal((box.x_max - box.x_min) * 100 / image.width)
        height = decimal((box.y_max - box.y_min) * 100 / image.height)
        score = "" if box.confidence is None else f',"score":{decimal(box.confidence)}'
        meta = "" if box.campaign is None else f',"meta":{{"campaign":{json_text(box.campaign)}}}'
        return (
            f'{{"id":"{box.object_id}","type":"rectanglelabels","from_name":"label","to_name":"image",'
            f'"original_width":{image.width},"original_height":{image.height},"image_rotation":0,'
            f'"value":{{"x":{x},"y":{y},"width":{width},"height":{height},"rotation":0,'
            f'"rectanglelabels":[{self._labels[box.class_id]}]}}{score}{meta}}}'
        )


def _labeling_config(dataset: Dataset) -> str:
    """Return the configuration whose names the results refer to, with the classes in the order of their ids."""
    labels = "".join(
        f'    <Label value="{xml_attribute(each.name, f"The name of class {each.class_id}")}"'
        + (f' background="{each.color}"' if each.color else "")
        + "/>\n"
        for each in dataset.classes
    )
    return (
        '<View>\n  <Image name="image" value="$image"/>\n'
        f'  <RectangleLabels name="label" toName="image">\n{labels}  </RectangleLabels>\n</View>\n'
    )
